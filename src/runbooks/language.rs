//! Languages of code, as cards know them. Pure.

/// A language as a card's `CodeBlock` calls it; it knows no others.
pub(super) fn language(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "bash" | "sh" | "shell" | "console" | "zsh" => "Bash",
        "powershell" | "ps1" => "PowerShell",
        "json" => "Json",
        "sql" => "Sql",
        "python" | "py" => "Python",
        "go" => "Go",
        "java" => "Java",
        "javascript" | "js" => "JavaScript",
        "typescript" | "ts" => "TypeScript",
        "html" => "Html",
        "xml" => "Xml",
        "css" => "Css",
        "c" => "C",
        "cpp" | "c++" => "Cpp",
        "csharp" | "cs" => "CSharp",
        "php" => "Php",
        "perl" => "Perl",
        "graphql" => "Graphql",
        _ => "PlainText",
    }
}
