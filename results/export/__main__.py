"""`python -m results.export`."""

import sys

from results.export import main
from search_spaces import output

sys.exit(output.last(main()))
