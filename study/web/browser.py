"""Opening a page in the person's browser, where there is a screen to open it on."""

from __future__ import annotations

import os
import sys
import threading


def has_screen() -> bool:
    """Whether a browser could open a window here; over SSH without a display it would take the terminal instead."""
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open `url` without waiting for the browser; nothing where there is no screen, or no browser."""
    if has_screen():
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
