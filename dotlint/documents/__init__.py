"""DOT inside documents: Markdown, reStructuredText, AsciiDoc, Org, HTML, PlantUML, notebooks, comments of sources."""
