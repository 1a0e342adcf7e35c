"""Installs packages into a folder where a program of this image finds them.

    python3 -c INSTALL FOLDER FILE [PATH]

FOLDER: a volume; what a step that was killed left in it goes. FILE: lines of a requirements
file. PATH: what the program will have as PYTHONPATH behind the folder; not given where that
is a secret.

The folder is pip's place "for the user" (PYTHONUSERBASE names it): what the image has and
fits is not installed once more, and what must be of another version lies before it, which
--target cannot do. pip keeps from that place in a virtual environment, since Python would
not look there; here it does, by PYTHONPATH.
"""
import os
import runpy
import shutil
import site
import sys


def empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def main():
    folder, file, *path = sys.argv[1:]
    own = os.environ.get("PYTHONPATH", "")
    if path and own != path[0]:
        sys.exit(
            f"codeflare: the image sets PYTHONPATH={own}, which a program with requirements would lose; "
            "set it in spec.env of the Application too"
        )
    try:
        import pip  # noqa: F401
    except ImportError:
        sys.exit(
            f"codeflare: {sys.executable} of the image has no pip, which installs spec.requirements; "
            "add pip to the image, or put the packages into it"
        )
    empty(folder)
    packages = site.getusersitepackages()
    os.makedirs(packages)
    # A name that does not depend on the version of Python.
    os.symlink(os.path.relpath(packages, folder), os.path.join(folder, "site"))
    # As if this were no virtual environment: see above.
    sys.base_prefix, site.ENABLE_USER_SITE = sys.prefix, True
    sys.argv = ["pip", "install", "--user", "--no-input", "--no-cache-dir", "--no-warn-script-location"]
    sys.argv += ["--disable-pip-version-check", "--progress-bar", "off", "--requirement", file]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


main()
