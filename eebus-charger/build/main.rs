//! Embeds the page: hashed names, compressed forms, texts as JSON.
//!
//! Everything under `assets/` becomes part of the program. A file `NAME.EXT` is served as
//! `/assets/NAME-HASH.EXT`, and wherever a page, style sheet or script says `/assets/NAME.EXT` the
//! hashed name is put in its place; one that does not exist ends the build. The hash is that of
//! all files together, so that scripts may import each other in circles. `index.html` is the page
//! at `/`. The messages of `assets/i18n/LANGUAGE/*.ftl` become `/assets/LANGUAGE.json`, see
//! [`catalogue`].

mod catalogue;
mod embed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use std::{env, fs};

use self::catalogue::Catalogue;
use self::embed::Files;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rustc-env=BUILT={}", built());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to"));
    match build(Path::new("assets"), &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The time of the build, in seconds since 1970: a clock that says less has not been set.
/// <https://reproducible-builds.org/specs/source-date-epoch/>
fn built() -> u64 {
    let given = env::var("SOURCE_DATE_EPOCH").ok().and_then(|given| given.parse().ok());
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    given.unwrap_or_else(|| now().as_secs())
}

fn build(assets: &Path, out: &Path) -> Result<(), Vec<String>> {
    let mut files = Files::read(assets).map_err(|error| vec![error])?;
    for (language, catalogue) in catalogues(&assets.join("i18n"))? {
        files.add(format!("{language}.json"), catalogue.to_json().into_bytes());
    }
    let code = files.write(out)?;
    fs::write(out.join("assets.rs"), code).map_err(|error| vec![error.to_string()])
}

/// The catalogue of every language; they are complete and fit each other.
fn catalogues(folder: &Path) -> Result<Vec<(String, Catalogue)>, Vec<String>> {
    let all = catalogue::read(folder)?;
    let problems = catalogue::compare(&all);
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}
