"""Files of a study in Optuna's pages: the report, the best configuration, and confusion matrices.

They are stored under Optuna's ids in the folder `artifacts` of the study's folder; their names are in Optuna's tables.
Writing again replaces only files that have changed, and removes records whose file is gone. Files that a user uploaded
are kept.
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

FOLDER = "artifacts"  # a subfolder of the study's folder
OURS = "study:artifacts"  # an attribute of the study: name -> id of the artifacts that `keep` has written
_RECORD = "artifacts:"  # prefix of Optuna's records of artifacts
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH = re.compile(r"/artifacts/\d+(?:/\d+)?/([0-9a-fA-F-]+)")
# A sandboxed artifact has an opaque origin: its scripts can access neither the dashboard nor its cookie.
SANDBOX = "sandbox allow-scripts allow-downloads allow-popups"
STILL = f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; {SANDBOX}"


class Folders:
    """Optuna's artifact store over the folders of several studies; uploads are stored in `into`."""

    def __init__(self, folders: Iterable[Path], into: Path | None) -> None:
        self._folders, self._into = [folder.resolve() for folder in folders], into and into.resolve()

    def find(self, artifact_id: str) -> Path | None:
        """Return the path of an artifact; None if the file does not exist or the id is not valid."""
        if _ID.fullmatch(artifact_id) is None:
            return None
        paths = (folder / artifact_id for folder in self._folders)
        return next((path for path in paths if path.is_file() and not path.is_symlink()), None)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact's content.

        Raises:
            ArtifactNotFound: there is no such file.
        """
        return self._require(artifact_id).open("rb")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Store a new artifact.

        Raises:
            ArtifactNotFound: the study has no folder on this machine.
        """
        if self._into is None:
            raise ArtifactNotFound("The study has no folder on this machine.")
        self._into.mkdir(exist_ok=True)
        FileSystemArtifactStore(self._into).write(artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Delete an artifact.

        Raises:
            ArtifactNotFound: there is no such file.
        """
        self._require(artifact_id).unlink()

    def _require(self, artifact_id: str) -> Path:
        path = self.find(artifact_id)
        if path is None:
            raise ArtifactNotFound("not found")
        return path


def keep(stored: StoredStudy, folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the artifacts that an earlier call has written in `folder` by `files` (name -> content)."""
    folder.mkdir(exist_ok=True)
    store, kept = Folders([folder], folder), dict[str, str]()
    for name, artifact_id in recorded_ids(stored).items():
        path = store.find(artifact_id)
        if path is not None and files.get(name) == path.read_bytes():
            kept[name] = artifact_id
            continue
        # Delete the file first: if the process is killed before the record is cleared, the next call notices.
        if path is not None:
            path.unlink()
        stored.set_attribute(_RECORD + artifact_id, json.dumps(None))
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            if name not in kept:
                source = Path(scratch) / name
                source.write_bytes(content)
                kept[name] = upload_artifact(artifact_store=store, file_path=str(source), study_or_trial=stored.study)
                stored.set_attribute(OURS, dict(kept))
    if recorded_ids(stored) != kept:
        stored.set_attribute(OURS, dict(kept))


def recorded_ids(stored: StoredStudy) -> dict[str, str]:
    """Return the ids of the artifacts that `keep` has written, by name, without invalid ids."""
    recorded = stored.attributes().get(OURS)
    ids = recorded if isinstance(recorded, dict) else {}
    return {name: value for name, value in ids.items() if isinstance(value, str) and _ID.fullmatch(value)}


def complete(stored: StoredStudy, folder: Path) -> bool:
    """Return whether `keep` has written artifacts, and each file still exists."""
    ids, store = recorded_ids(stored).values(), Folders([folder], folder)
    return bool(ids) and all(store.find(artifact_id) is not None for artifact_id in ids)


class Served:
    """Optuna's pages, with a separate content security policy for each artifact."""

    def __init__(self, application: WSGIApplication, store: Folders) -> None:
        self._application, self._store = application, store

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        requested = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if requested is None or environ["REQUEST_METHOD"] not in READING:
            return self._application(environ, start_response)
        path = self._store.find(requested[1])
        if path is None:
            return refuse(start_response, "404 Not Found", "There is no such artifact: its file does not exist.")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            is_page = any(name.lower() == "content-type" and value.startswith("text/html") for name, value in headers)
            policy = f"{content_security_policy(path.read_text('utf-8', 'replace'))}; {SANDBOX}" if is_page else STILL
            # Optuna would let pages of any origin read artifacts.
            dropped = ("access-control-allow-origin", "content-encodings", "content-security-policy")
            kept = [(name, value) for name, value in headers if name.lower() not in dropped]
            return start_response(status, [*kept, ("Content-Security-Policy", policy)], *rest)

        return self._application(environ, start)
