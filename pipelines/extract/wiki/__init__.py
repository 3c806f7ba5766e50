"""MediaWiki markup, stage by stage in MediaWiki's own order: extension tags, templates and links, tables, lines."""
