//! Which stack file is meant when the command line does not say.

use std::path::{Path, PathBuf};

use trueup_stack::{DiskFiles, Files};

use crate::error::Error;

const DEFAULT: &str = "stack.yaml";

/// The file that is named, or the one in the named folder, or the one in this folder.
pub(crate) fn find(folder: &Path, named: Option<&Path>) -> Result<PathBuf, Error> {
    match named {
        Some(path) if folder.join(path).is_dir() => only_one(folder, path),
        Some(path) if folder.join(path).exists() => Ok(path.to_owned()),
        Some(path) => Err(Error::WhichStack {
            message: format!("there is no file {}", path.display()),
            help: available(folder),
        }),
        None => only_one(folder, Path::new("")),
    }
}

fn only_one(folder: &Path, within: &Path) -> Result<PathBuf, Error> {
    let mut stacks = stacks(&folder.join(within))?;
    let shown = if within.as_os_str().is_empty() { "this folder" } else { "the folder" };
    match stacks.len() {
        0 => Err(Error::WhichStack {
            message: format!("{shown} has no stack: no .yaml file in it says 'stack: NAME'"),
            help: "name the file (trueup plan FILE), or begin one: trueup init".to_owned(),
        }),
        1 => Ok(within.join(stacks.remove(0))),
        _ if stacks.iter().any(|stack| stack == DEFAULT) => Ok(within.join(DEFAULT)),
        _ => Err(Error::WhichStack {
            message: format!("{shown} has {} stacks", stacks.len()),
            help: format!("name one of them: {}", stacks.join(", ")),
        }),
    }
}

/// The names of the stack files of a folder, sorted.
fn stacks(folder: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |source| Error::File { doing: "read", path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|_| is_yaml && says_stack(folder, &path)) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a file has the key `stack` at its top; a file that cannot be read is none.
fn says_stack(folder: &Path, path: &Path) -> bool {
    let text = DiskFiles::new(folder).read(path).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| line.starts_with("stack:"))
}

fn available(folder: &Path) -> String {
    match stacks(folder) {
        Ok(stacks) if !stacks.is_empty() => format!("this folder has {}", stacks.join(", ")),
        _ => "this folder has no stack; begin one: trueup init".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    fn found(files: &[(&str, &str)]) -> Result<String, String> {
        let folder = folder(files);
        let found = find(folder.path(), None);
        found.map(|path| path.display().to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_stack_is_meant() {
        let found = found(&[("web.yaml", "# web\nstack: web\n"), ("values.yaml", "a: 1\n")]);
        assert_eq!(found.unwrap(), "web.yaml");
    }

    #[test]
    fn of_several_stack_yaml_is_meant_and_nothing_else() {
        let two = [("a.yaml", "stack: a\n"), ("stack.yaml", "stack: b\n")];
        assert_eq!(found(&two).unwrap(), "stack.yaml");
        let other = [("a.yaml", "stack: a\n"), ("b.yaml", "stack: b\n")];
        assert_eq!(found(&other).unwrap_err(), "this folder has 2 stacks");
    }

    #[test]
    fn no_stack_is_said() {
        assert!(found(&[]).unwrap_err().contains("no stack"));
    }
}
