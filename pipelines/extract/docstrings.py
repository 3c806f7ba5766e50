"""The prose of Python files: their docstrings, under the names of what they document."""

import ast
from collections.abc import Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def docstring_documents(code: str) -> Iterator[tuple[str, str]]:
    """The documents of a module as (name, text): its own docstring with its functions', then one for each class.

    The name of the module's own document is empty. What has no docstring gives no document.

    Raises:
        SyntaxError, ValueError: the file is not Python.
    """
    module = ast.parse(code)
    functions = [node for node in module.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    own = [ast.get_docstring(module) or "", *(part for node in functions for part in parts(node, ""))]
    for name, sections in [("", own), *((node.name, list(parts(node, ""))) for node in classes)]:
        text = "\n\n".join(section for section in sections if section)
        if text:
            yield name, text


def parts(node: Definition, prefix: str) -> Iterator[str]:
    """The signature and docstring of a definition and, for a class, of all inside it."""
    docstring = ast.get_docstring(node)
    if docstring:
        yield f"{signature(node, prefix)}\n\n{docstring}"
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            if isinstance(child, Definition):
                yield from parts(child, f"{prefix}{node.name}.")


def signature(node: Definition, prefix: str) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {prefix}{node.name}"
    return f"{prefix}{node.name}({ast.unparse(node.args)})"
