"""`python -m results.report`."""

import sys

from results.report import main
from search_spaces import output

sys.exit(output.last(main()))
