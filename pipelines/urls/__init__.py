"""Addresses of web pages: the site that one belongs to, and declared rules for those that are refused."""
