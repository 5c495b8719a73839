//! What cards are made of.
//!
//! An element or property that is not in these lists is not necessarily wrong: look it up, add it,
//! and give it a `fallback` when it is Teams' alone.

/// What every element may have.
pub const ANYWHERE: &[&str] = &[
    "type",
    "id",
    "spacing",
    "separator",
    "height",
    "isVisible",
    "requires",
    "fallback",
    "targetWidth",
];

/// Elements and actions of Adaptive Cards 1.5: what each must have, and what it may have. Colours
/// are left out of texts on purpose: light ones cannot be read everywhere, so containers have them.
pub const ELEMENTS: &[(&str, &[&str], &[&str])] = &[
    (
        "TextBlock",
        &["text"],
        &[
            "fontType",
            "horizontalAlignment",
            "isSubtle",
            "maxLines",
            "size",
            "style",
            "weight",
            "wrap",
        ],
    ),
    ("Container", &["items"], &["bleed", "roundedCorners", "showBorder", "style"]),
    ("ColumnSet", &["columns"], &["bleed", "style"]),
    ("Column", &["items", "width"], &["style", "verticalContentAlignment"]),
    ("FactSet", &["facts"], &[]),
    ("ActionSet", &["actions"], &["horizontalAlignment"]),
    ("Table", &["columns", "rows"], &["firstRowAsHeader", "gridStyle", "showGridLines"]),
    ("TableRow", &["cells"], &["style", "verticalCellContentAlignment"]),
    ("TableCell", &["items"], &["style"]),
    (
        "Input.Text",
        &["label"],
        &[
            "errorMessage",
            "isMultiline",
            "isRequired",
            "maxLength",
            "placeholder",
            "regex",
            "value",
        ],
    ),
    (
        "Input.ChoiceSet",
        &["label", "choices"],
        &["errorMessage", "isMultiSelect", "isRequired", "placeholder", "style", "value", "wrap"],
    ),
    (
        "Input.Number",
        &["label"],
        &["errorMessage", "isRequired", "max", "min", "placeholder", "value"],
    ),
    ("Input.Toggle", &["title"], &["errorMessage", "isRequired", "value", "valueOff", "valueOn"]),
    ("Action.Execute", &["title", "verb", "data", "fallback"], &["mode", "style", "tooltip"]),
    ("Action.ShowCard", &["title", "card"], &["mode", "style", "tooltip"]),
    ("Action.Submit", &["title", "data"], &["mode", "style", "tooltip"]),
    ("Action.OpenUrl", &["title", "url"], &["mode", "style", "tooltip"]),
];

/// What only Teams has; everybody else shows the fallback.
pub const OF_TEAMS: &[(&str, &[&str], &[&str])] = &[
    ("Badge", &["text", "fallback"], &["appearance", "icon", "shape", "size", "style", "tooltip"]),
    ("CodeBlock", &["codeSnippet", "fallback"], &["language", "startLineNumber"]),
    ("ProgressBar", &["fallback"], &["color", "max", "value"]),
];

/// Properties that can only hold one of these.
pub const WORDS: &[(&str, &[&str])] = &[
    ("fontType", &["Default", "Monospace"]),
    ("height", &["auto", "stretch"]),
    ("horizontalAlignment", &["Left", "Center", "Right"]),
    ("mode", &["primary", "secondary"]),
    ("size", &["Small", "Default", "Medium", "Large", "ExtraLarge"]),
    ("spacing", &["None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"]),
    ("verticalContentAlignment", &["Top", "Center", "Bottom"]),
    ("weight", &["Lighter", "Default", "Bolder"]),
];

/// The `style` of each kind of thing.
pub const STYLES: &[(&str, &[&str])] = &[
    ("Action", &["default", "positive", "destructive"]),
    ("Input", &["compact", "expanded"]),
    ("TextBlock", &["default", "heading", "columnHeader"]),
    ("", &["default", "emphasis", "accent", "good", "attention", "warning"]),
];
