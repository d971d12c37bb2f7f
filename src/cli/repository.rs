//! Finding the git repository that an instruction is about.

use std::fs;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};

/// The absolute path of the repository around `given`, or around the current directory. Without a repository there it is
/// `None`, unless one was asked for.
pub(super) fn find(given: Option<&Path>) -> Result<Option<String>, Failure> {
    let start = given.unwrap_or_else(|| Path::new("."));
    let unusable = |why: String| {
        Failure::new(
            Exit::Usage,
            format!("`{}` is not a git repository: {why}", start.display()),
            "name the folder of a git repository with --repo",
        )
    };
    let start = match fs::canonicalize(start) {
        Ok(path) => path,
        Err(error) if given.is_some() => return Err(unusable(error.to_string())),
        Err(_) => return Ok(None),
    };
    let Some(found) = top_level(&start) else {
        return match given {
            Some(_) => Err(unusable("neither it nor a folder above it has one".to_owned())),
            None => Ok(None),
        };
    };
    match found.into_os_string().into_string() {
        Ok(path) => Ok(Some(path)),
        Err(_) => Err(unusable("its path is not valid UTF-8".to_owned())),
    }
}

/// The nearest folder, upwards, that holds a `.git` or is a bare repository.
fn top_level(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join(".git").exists() || is_bare(folder)).map(Path::to_owned)
}

fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}
