"""The subcommands of ``phaseline`` by what they are about: their options, and the call that each is."""
