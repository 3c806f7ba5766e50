"""From the files of a snapshot to its documents: read, sealed, identified, judged, and every record accounted for.

The steps are datatrove's. A rejected record stays in the stream, marked with its rejection, until the last step writes
it down: every record that was read leaves by one of two doors.
"""
