"""Evidence: where a declared number comes from."""

from typing import Literal

from pipelines.declared import Declared

EvidenceLabel = Literal["primary", "secondary", "derived", "unverified", "own"]


class Evidence(Declared):
    """Where a number comes from.

    primary: read in the paper or its repository; secondary: in notes on it; derived: by arithmetic from those;
    unverified: remembered; own: chosen here.
    """

    field: str
    label: EvidenceLabel
    says: str
