"""`make exercises`: what its sums are made of, and which figures it calls missed."""

from exercise_report import COLUMNS, Figures, line, shortfalls

ENOUGH = Figures(
    functions=50,
    predictions=10,
    bugs=10,
    built=20,
    right=100,
    accepted=100,
    wrong=300,
    refused=300,
    usual=200,
    recognised=200,
    mutations=1000,
    killed=950,
)


def less(**changes):
    return Figures(**{**vars(ENOUGH), **changes})


def test_what_reaches_every_figure_misses_none():
    assert shortfalls({"a": ENOUGH}) == []
    assert ENOUGH.exercises == 70
    assert ENOUGH.percent == 95


def test_each_figure_that_is_missed_is_named():
    assert shortfalls({"a": less(bugs=9)}) == ["69 exercises, wanted 70"]
    assert shortfalls({"a": less(built=19)}) == ["19 pieces of the package rebuilt, wanted 20"]
    assert shortfalls({"a": less(accepted=99)}) == ["1 right answers are refused"]
    assert shortfalls({"a": less(refused=298)}) == ["2 wrong answers pass"]
    assert shortfalls({"a": less(recognised=199)}) == ["1 usual mistakes are not recognised"]


def test_mutations_count_chapter_by_chapter_and_the_rest_in_all():
    assert shortfalls({"a": ENOUGH, "b": Figures()}) == []
    missed = shortfalls({"a": ENOUGH, "b": Figures(mutations=100, killed=94)})
    assert missed == ["b: 94.0 % of the mutations refused, wanted 95 %"]


def test_the_table_is_aligned():
    assert len(line("all", ENOUGH + ENOUGH)) == len(line("richer_posteriors", Figures()))
    assert "140" in line("all", ENOUGH + ENOUGH)
    assert len(COLUMNS) == 11
