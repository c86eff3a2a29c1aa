"""The look of every figure: legible on a phone, on light and dark pages, to colour-blind eyes.

Chapter: deep/vae_mnist
"""

import matplotlib as mpl

#: Okabe & Ito's palette (2008), which all common kinds of colour vision can tell apart.
COLORS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#E69F00",
    "black": "#222222",
}


def use_style():
    """Set the house's defaults. The background is white on purpose: it holds on a dark page too."""
    mpl.rcParams.update(
        {
            "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 11,
            "axes.labelsize": 11,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "figure.facecolor": "white",
            "figure.figsize": (6.4, 3.6),
            "font.size": 11,
            "image.cmap": "gray_r",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "savefig.facecolor": "white",
        }
    )


def add_note(figure, note):
    """Write a note (a stand-in's, for instance) below a figure; nothing if it is empty."""
    if note:
        figure.supxlabel(note, fontsize=9, color=COLORS["orange"])
