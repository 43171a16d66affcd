"""Where a run is read from: its entries as rows of sequence, time, kind, body, previous and hash, and its blobs."""

import os
import sqlite3

from entries import row_of_line
from problems import Wrong


class Folder:
    """A run's folder."""

    def __init__(self, path):
        self.path = path

    def rows(self):
        path = os.path.join(self.path, "journal.sqlite")
        immutable = "" if os.path.exists(path + "-wal") else "&immutable=1"
        database = sqlite3.connect(f"file:{path}?mode=ro{immutable}", uri=True)
        return database.execute("select sequence, time, kind, body, previous, hash from entries order by sequence")

    def blob(self, name):
        try:
            with open(os.path.join(self.path, "blobs", name[:2], name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def blobs(self):
        """Place, name and bytes of each blob."""
        for folder, _, names in os.walk(os.path.join(self.path, "blobs")):
            for name in names:
                if not name.endswith(".new"):
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        yield os.path.relpath(path, self.path), name, file.read()


class Served:
    """The lines that a relay gives as its journal, and its blobs, from their names to their bytes."""

    def __init__(self, lines, blobs):
        self.lines, self.named = lines, blobs

    def rows(self):
        for sequence, line in enumerate(self.lines, 1):
            try:
                yield row_of_line(line)
            except ValueError:
                raise Wrong(f"journal entry {sequence}, line", "is not in its one spelling")

    def blob(self, name):
        return self.named.get(name)

    def blobs(self):
        return ((f"blobs/{name[:2]}/{name}", name, data) for name, data in self.named.items())
