import sys

# With -c, Python searches the current directory first. A json.py of the project must not shadow the standard library.
if sys.path[:1] == [""]:
    del sys.path[0]
# For the same reason, the user's PYTHONPATH is not set at startup but passed as an argument.
user_python_path = sys.argv.pop(1)


def restore_user_path(*first):
    """Puts `first` and the entries of the user's PYTHONPATH at the start of the search path."""
    import os

    entries = []
    if user_python_path:
        os.environ["PYTHONPATH"] = user_python_path
        entries = [os.path.abspath(entry) for entry in user_python_path.split(os.pathsep)]
    sys.path[:0] = [*first, *entries]

