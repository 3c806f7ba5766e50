"""From a crawl's archive to the documents of one language that pass the web's filters."""
