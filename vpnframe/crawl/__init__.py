"""The crawl: regions, pages and downloads; failures become rows."""
