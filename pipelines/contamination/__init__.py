"""Decontamination: training documents that hold the text of a benchmark's record, or of a held-out document.

Records are found by their n-grams of words (Brown et al. 2020, appendix C), as a share of each record, so that a shared
phrase is no hit and every hit names its record.
"""
