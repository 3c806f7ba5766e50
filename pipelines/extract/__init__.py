"""From one raw record to its text: pure functions, one module for each kind of markup."""
