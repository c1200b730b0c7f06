//! The keys of every page, in one list.

use askama::Template;

use crate::page::Shell;

/// Keys of one page, or of one part of it.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The page's key, as in `Section::key`; empty for keys that hold everywhere.
    pub page: &'static str,
    /// What people read.
    pub title: &'static str,
    /// Keys, alternatives apart by ` / `, keys together by a space, and what they do.
    pub keys: &'static [(&'static str, &'static str)],
}

/// Every key. The labeller's own overlay shows the live bindings, which can be changed; these are the defaults.
pub const GROUPS: &[Group] = &[
    Group {
        page: "",
        title: "Everywhere",
        keys: &[
            ("?", "keys of this page"),
            ("G D", "go to Datasets"),
            ("G G", "go to the Gallery"),
            ("G L", "go to the labeller"),
            ("G W", "go to Work"),
            ("G S", "go to SQL"),
            ("G P", "go to Prelabel"),
            ("G C", "go to Calibrate"),
            ("G E", "go to Explore: map, look-alikes, quality"),
            ("G M", "go to Models"),
            ("G J", "go to Jobs"),
            ("G H", "go to the History"),
            ("G T", "go to the Trash"),
            ("Esc", "close a menu or this list"),
        ],
    },
    Group {
        page: "gallery",
        title: "Gallery",
        keys: &[
            ("← / → / ↑ / ↓", "move between pictures"),
            ("Enter", "open in the labeller"),
            ("X", "choose, or take back"),
            ("Shift →", "choose on the way"),
            ("Ctrl Click", "choose one more"),
            ("Shift Click", "choose all between"),
            ("Esc", "choose none"),
            ("S", "look-alikes of the picture"),
            ("/", "search the paths"),
        ],
    },
    Group {
        page: "explore",
        title: "Look-alikes",
        keys: &[
            ("← / → / ↑ / ↓", "move between pictures"),
            ("Enter", "open in the labeller"),
            ("S", "look-alikes of this one"),
            ("/", "ask about words or a number"),
            ("Drag", "on the picture that is asked about: look for that part"),
        ],
    },
    Group {
        page: "explore",
        title: "Map",
        keys: &[
            ("H / L / R", "move, lasso, rectangle"),
            ("+ / - / 0", "nearer, farther, all of it"),
            ("← / → / ↑ / ↓", "move about"),
            ("N / Shift N", "next, previous point from the middle"),
            ("Enter", "choose the point, or take back"),
            ("C", "the point into the middle"),
            ("V", "choose all in view (Shift: more)"),
            ("Shift", "while drawing: choose more"),
            ("Esc", "choose none"),
        ],
    },
    Group {
        page: "explore",
        title: "Quality",
        keys: &[
            ("← / → / ↑ / ↓", "move between findings"),
            ("K", "keep it as it is"),
            ("F", "fix it"),
            ("S", "skip it"),
            ("E / Enter", "open in the labeller"),
            ("U", "take the last decision back"),
        ],
    },
    Group {
        page: "sql",
        title: "SQL",
        keys: &[
            ("Ctrl Enter", "run the statement, or what is selected"),
            ("Esc", "stop; in the editor: leave it"),
            ("/", "write"),
            ("Ctrl Space", "complete a name"),
            ("Ctrl F", "search in the statement"),
            ("A", "a notebook: run every statement"),
        ],
    },
    Group {
        page: "prelabel",
        title: "Candidates on an image",
        keys: &[("← / →", "the image before, the one after"), ("Tab", "from candidate to candidate")],
    },
    Group {
        page: "calibrate",
        title: "Calibrate",
        keys: &[
            ("← / →", "thresholds: move by a thousandth; errors: those before, those after"),
            ("PageUp / PageDown", "thresholds: move by a hundredth"),
            ("Y / N / S", "blind review: right, wrong, cannot tell"),
            ("O", "blind review: choose another class"),
            ("X", "blind review: it is another class"),
            ("Z", "blind review: take the last answer back"),
            ("L / I", "a candidate: in the labeller, with all of its image"),
        ],
    },
    Group {
        page: "label",
        title: "Labeller: drawing",
        keys: &[
            ("R", "draw a box (or drag on empty canvas)"),
            ("P", "draw an outline; Enter or a double click closes it"),
            ("O", "draw a turned box: one side, then its width"),
            ("T / Shift T, ] / [", "turn the box by 15°, by 1°"),
            ("1…9", "class of the chosen box, or of the next"),
            ("0", "find a class by name"),
            ("← / → / ↑ / ↓", "nudge by 1 px (Shift: 10, Ctrl: resize)"),
            ("Tab / Shift Tab", "next, previous box"),
            ("Del / Backspace / W", "delete the box (Q: the newest)"),
            ("Alt L", "look-alikes of the chosen box, or of the image"),
            ("U", "lock or unlock the box"),
            ("Z", "zoom to the box"),
            ("Ctrl Z / Ctrl Shift Z", "undo, redo"),
            ("Ctrl B", "copy the boxes of the image before"),
            ("H", "hide boxes while held (Shift: only the chosen ones)"),
            ("B", "brightness, contrast, gamma"),
        ],
    },
    Group {
        page: "label",
        title: "Labeller: images",
        keys: &[
            ("→ / ← or . / ,", "next, previous image"),
            ("N / Shift N", "next, previous not reviewed"),
            ("#", "tag the image"),
            ("Shift C", "comment on the image or the chosen box"),
            ("Shift Enter", "review: accept, go on"),
            ("Shift Backspace", "review: send back with a comment"),
            ("Space", "confirm and go on"),
            ("Shift G number", "go to an image"),
        ],
    },
];

/// `/help`
#[derive(Template)]
#[template(path = "help/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// Every group.
    pub groups: Vec<Group>,
}

/// `/help/_keys?page=`
#[derive(Template)]
#[template(path = "help/_keys.html")]
pub struct Keys {
    /// Groups of one page, then those that hold everywhere.
    pub groups: Vec<Group>,
}

impl Keys {
    /// The keys that hold on a page.
    #[must_use]
    pub fn of(page: &str) -> Self {
        let of = |key: &str| GROUPS.iter().filter(|group| group.page == key).copied().collect::<Vec<_>>();
        let own = if page.is_empty() { vec![] } else { of(page) };
        Self { groups: own.into_iter().chain(of("")).collect() }
    }
}

impl Group {
    /// Alternatives, each a row of keys that are pressed together or after each other.
    #[must_use]
    pub fn split(keys: &str) -> Vec<Vec<&str>> {
        keys.split(" / ").map(|one| one.split(' ').collect()).collect()
    }
}
