"""Files of a study that Optuna's pages show: the report, the best configuration, confusion matrices.

They are stored in the study's folder, under `artifacts`, by Optuna's ids; a record in Optuna's tables has their names.
Writing again keeps what has not changed, replaces what has, and removes the record of a file that is gone. Files that a
person added are kept.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound

from results.report.csp import content_security_policy
from study.search.optuna_storage import StoredStudy
from study.web.guard import READING, refuse

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = "artifacts"  # in the study's
OURS = "study:artifacts"  # a study's attribute: name -> id, of those that were written here
_RECORD = "artifacts:"  # what Optuna's records of them begin with
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH = re.compile(r"/artifacts/\d+(?:/\d+)?/([0-9a-fA-F-]+)")
# An artifact opened by itself is of no origin: whatever runs in it reaches neither the dashboard nor its cookie.
SANDBOX = "sandbox allow-scripts allow-downloads allow-popups"
STILL = f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; {SANDBOX}"


class Folders:
    """Optuna's artifact store over the folders of several studies; what is uploaded goes to `into`."""

    def __init__(self, folders: Iterable[Path], into: Path | None) -> None:
        self._folders, self._into = [folder.resolve() for folder in folders], into and into.resolve()

    def find(self, artifact_id: str) -> Path | None:
        """Return the path of an artifact; None where there is none, or the id is no id."""
        if _ID.fullmatch(artifact_id) is None:
            return None
        found = (folder / artifact_id for folder in self._folders)
        return next((path for path in found if path.is_file() and not path.is_symlink()), None)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact's content."""
        path = self.find(artifact_id)
        if path is None:
            raise ArtifactNotFound("not found")
        return path.open("rb")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep a new artifact."""
        if self._into is None:
            raise ArtifactNotFound("the study has no folder here to keep it in")
        self._into.mkdir(exist_ok=True)
        FileSystemArtifactStore(self._into).write(artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Delete an artifact."""
        path = self.find(artifact_id)
        if path is None:
            raise ArtifactNotFound("not found")
        path.unlink()


def keep(stored: StoredStudy, folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the artifacts of a study that are ours by these, in `folder`; name -> content."""
    folder.mkdir(exist_ok=True)
    store, kept = Folders([folder], folder), dict[str, str]()
    for name, known in ours(stored).items():
        path = store.find(known)
        if path is not None and files.get(name) == path.read_bytes():
            kept[name] = known
            continue
        # The file first: killed between the two, the record's file is gone, which the next time sees.
        if path is not None:
            path.unlink()
        stored.set_attribute(_RECORD + known, json.dumps(None))
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            if name not in kept:
                source = Path(scratch) / name
                source.write_bytes(content)
                kept[name] = upload_artifact(artifact_store=store, file_path=str(source), study_or_trial=stored.study)
                _note(stored, kept)
    _note(stored, kept)


def ours(stored: StoredStudy) -> dict[str, str]:
    """Return the ids of the artifacts that `keep` has written, by name; what is no id is left out."""
    noted = stored.attributes().get(OURS)
    found = noted.items() if isinstance(noted, dict) else ()
    return {name: known for name, known in found if isinstance(known, str) and _ID.fullmatch(known)}


def whole(stored: StoredStudy, folder: Path) -> bool:
    """Return whether `keep` has written artifacts, and each file is still there."""
    found = ours(stored)
    return bool(found) and all(Folders([folder], folder).find(known) is not None for known in found.values())


def _note(stored: StoredStudy, kept: Mapping[str, str]) -> None:
    if ours(stored) != kept:
        stored.set_attribute(OURS, dict(kept))


class Served:
    """Optuna's pages, whose artifacts are shown each under a policy of its own."""

    def __init__(self, application: WSGIApplication, store: Folders) -> None:
        self._application, self._store = application, store

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        asked = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if asked is None or environ["REQUEST_METHOD"] not in READING:
            return self._application(environ, start_response)
        path = self._store.find(asked[1])
        if path is None:
            return refuse(start_response, "404 Not Found", "There is no such artifact: its file has gone.")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            told = {name.lower(): value for name, value in headers}
            is_page = told.get("content-type", "").startswith("text/html")
            policy = f"{content_security_policy(path.read_text('utf-8', 'replace'))}; {SANDBOX}" if is_page else STILL
            # Optuna lets pages of any origin read artifacts.
            others = ("access-control-allow-origin", "content-encodings", "content-security-policy")
            kept = [(name, value) for name, value in headers if name.lower() not in others]
            return start_response(status, [*kept, ("Content-Security-Policy", policy)], *rest)

        return self._application(environ, start)
