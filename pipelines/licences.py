"""Licences by name: SPDX expressions, and names of one's own that begin with ``LicenseRef-``."""

from typing import Annotated

from pydantic import AfterValidator


def canonical_licence(expression: str) -> str:
    """A licence expression as SPDX writes it; raises ValueError where it names a licence that SPDX does not know."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return canonicalize_license_expression(expression)
    except InvalidLicenseExpression as error:
        raise ValueError(f"{error}; name one of spdx.org/licenses, or one of your own as LicenseRef-…") from error


Licence = Annotated[str, AfterValidator(canonical_licence)]
