"""HTML pages: findings, picture, source and fixes in one self-contained file. Styles and scripts are in this folder."""
