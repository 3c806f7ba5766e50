"""Documents: sources, extraction, filters, dedup, held-out split, tokens, shards, and the store that records them."""

from pipelines.kernel_cache import use_cache_of_this_code

use_cache_of_this_code()  # before any module imports numba, which reads the variable once
