//! What a compiler does not check: which layer may use which, who prints, and that the map in ARCHITECTURE is the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, and those that each may use besides itself: an edge never points upwards.
const LAYERS: [(&str, &[&str]); 14] = [
    ("error", &[]),
    ("stop", &[]),
    ("clock", &["error", "model"]),
    ("model", &["error"]),
    ("settings", &["error", "model", "store"]),
    ("store", &["error", "clock", "model"]),
    ("ingest", &["error", "clock", "model", "store"]),
    ("query", &["error", "clock", "model", "store"]),
    ("analysis", &["error", "clock", "model", "store", "query"]),
    ("export", &["error", "clock", "model", "store", "query"]),
    ("scan", &["error", "stop", "clock", "model", "store", "ingest"]),
    ("schedule", &["error", "stop", "clock", "model", "store"]),
    ("notify", &["error", "stop", "clock", "model", "store", "schedule"]),
    (
        "cli",
        &["error", "stop", "clock", "model", "settings", "store", "ingest", "query", "analysis", "export", "scan", "schedule", "notify"],
    ),
];

/// What only the command line does: print, end the process, read the environment, start a runtime.
const ONLY_CLI: [&str; 8] = ["println!", "print!(", "eprintln!", "process::exit", "std::env::", "env::var", "Runtime::new", "block_on("];

/// Files longer than this do more than one job.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, with their paths from it and their text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "{} holds {} files", folder.display(), found.len());
    found
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("tests.rs")
}

/// The layer that a file belongs to; none for the two roots.
fn layer_of(name: &str) -> Option<&str> {
    let layer = name.split('/').next().unwrap().trim_end_matches(".rs");
    (!matches!(layer, "lib" | "main")).then_some(layer)
}

/// The top-level modules that a text names behind `crate::`, one by one or in braces.
fn used(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap(),
            None => rest.split(|end: char| !(end.is_alphanumeric() || end == '_')).next().unwrap(),
        };
        let first = |name: &str| name.trim().split("::").next().unwrap().trim().to_owned();
        modules.extend(names.split(',').map(first).filter(|name| !name.is_empty()));
    }
    modules
}

#[test]
fn layers_use_only_those_below() {
    let mut edges = 0;
    for (name, text) in sources(&root().join("src")) {
        let Some(layer) = layer_of(&name) else { continue };
        let (_, allowed) = LAYERS.iter().find(|(known, _)| *known == layer).unwrap_or_else(|| panic!("{name} is in no known layer"));
        for module in used(&text) {
            // `crate::Result` and the like are re-exports of `error`.
            let module = if module.starts_with(char::is_uppercase) { "error" } else { &module };
            let may = module == layer || allowed.contains(&module) || is_test(&name);
            assert!(may, "src/{name}: {layer} uses {module}, which is not below it");
            edges += 1;
        }
    }
    assert!(edges > 100, "only {edges} uses were found: the test has stopped seeing them");
}

#[test]
fn only_the_command_line_prints_exits_and_reads_the_environment() {
    for (name, text) in sources(&root().join("src")) {
        if matches!(layer_of(&name), Some("cli") | None) || is_test(&name) {
            continue;
        }
        for word in ONLY_CLI {
            assert!(!text.contains(word), "src/{name} has {word}");
        }
    }
}

#[test]
fn files_have_one_job() {
    for (name, text) in sources(&root().join("src")) {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "src/{name} has {lines} lines, more than {LINES_MAX}");
        assert!(text.starts_with("//!") || is_test(&name), "src/{name} does not say at its top what it is for");
    }
}

/// The folders of `src`, and the files of `src/store`, as the map in ARCHITECTURE names them.
#[test]
fn the_map_in_architecture_is_the_tree() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let map = text.split("```text").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let name = if path.is_dir() { format!("{name}/") } else { name.to_owned() };
        assert!(map.contains(&name) || matches!(name.as_str(), "lib.rs" | "main.rs"), "the map does not name src/{name}");
    }
    for (name, _) in sources(&root().join("src/store")) {
        assert!(map.contains(&name) || name == "mod.rs", "the map does not name src/store/{name}");
    }
    let words = map.split_whitespace().filter(|word| word.ends_with(".rs"));
    for word in words {
        let known = ["src", "src/store"].iter().any(|folder| root().join(folder).join(word).exists());
        assert!(known, "the map names {word}, which is not there");
    }
}
