"""Run at the start of each kernel of `make colab-test`, as one of IPython's start-up files.

Colab's kernel has imported google.colab before the first cell; here an empty module stands for it.
The names of modules that were looked for and not found go into a file: what Colab may have and
this environment lacks.
"""


def _pretend_to_be_colab():
    import os
    import sys
    import types
    from pathlib import Path

    sys.modules["google.colab"] = types.ModuleType("google.colab")
    notes = Path(os.environ["IPYTHONDIR"], "not_found.txt")

    class Notes:
        """The last finder: asked when all others have found nothing."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if path is None:
                with notes.open("a", encoding="utf-8") as file:
                    file.write(f"{name}\n")

    sys.meta_path.append(Notes)


_pretend_to_be_colab()
del _pretend_to_be_colab
