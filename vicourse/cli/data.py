"""`vicourse data`: which images the course would use on this machine, and where they come from."""


def add_to(commands):
    parser = commands.add_parser(
        "data",
        help="fetch MNIST and say which data the course uses here",
        description="Find MNIST in VICOURSE_DATA_DIR or in the cache, or download and verify it.",
    )
    parser.add_argument(
        "--no-download", action="store_true", help="only look; never use the network"
    )
    parser.set_defaults(run=run, expected_errors=expected_errors, parser=parser)


def expected_errors():
    from vicourse.data import DataError

    return (DataError,)


def run(options):
    import warnings

    from vicourse.data import StandInNotice, load_mnist

    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always", StandInNotice)
        images = load_mnist(download=not options.no_download)
    for notice in notices:
        print(notice.message)
    print(
        f"{images.name}: {len(images.x_train):,} training and {len(images.x_test):,} test images, "
        f"from {images.source}"
    )
