"""`python -m vicourse.cli`."""

import sys

from vicourse.cli import main

sys.exit(main())
