"""Deduplication over all sources and snapshots: exact by id, near by MinHash and an exact comparison, repeated lines.

Documents are decided on in order of preference, each against survivors only, so a removed document always names a
survivor that it was itself held against, never the far end of a chain. Those that break a rule come last, whatever
their source: the others fare as if there were none of them. The steps, each in tasks that fit into memory::

    signatures   of each snapshot, once: ids, band keys and line hashes, sorted    tasks: pieces of documents
    numbering    every document a number, sixty bytes in memory each
    joins        who shares a band key, who shares a line                          tasks: bands, ranges of keys
    planning     connected documents into tasks; what each needs, brought together
    scatter      shingle sets of the texts that have to be compared                tasks: pieces of documents
    deciding     the survivors, greedily                                           tasks: whole components
    tables       survivors and removals in order of id                             tasks: stretches of ids

Components do not depend on each other, so that the outcome is that of one pass over everything.
"""
