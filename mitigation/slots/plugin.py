"""Loading a file of one's own that registers slots: only one that the user names."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from cases.errors import InputError

__all__ = ["load_plugin"]


def load_plugin(path: str | Path) -> ModuleType:
    """Run a Python file that registers slots and profiles, and give it as a module.

    The file is code and does what code may do: no rulebook, case or run folder names one, so that
    reading data never runs any. A file that was loaded already is not run again.

    Parameters
    ----------
    path
        The file. A package that is installed is imported instead.

    Raises
    ------
    InputError
        There is no such Python file, or running it failed: with the line and the error.
    """
    file = Path(path).resolve()
    name = f"plugin_{file.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(file):
        return loaded
    spec = importlib.util.spec_from_file_location(name, file)
    if file.suffix != ".py" or not file.is_file() or spec is None or spec.loader is None:
        message = "there is no such Python file (*.py) to load slots from"
        raise InputError.one(str(path), None, None, "plugin", message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except InputError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(file)
        ]
        message = f"{type(error).__name__}: {error}"
        row = lines[-1] if lines else getattr(error, "lineno", None)
        raise InputError.one(str(path), row, None, "plugin", message) from error
    return module
