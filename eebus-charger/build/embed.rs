//! Files as parts of the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Where assets live in addresses.
const PREFIX: &str = "/assets/";
/// The file that is served as the page.
const PAGE: &str = "index.html";

/// The files by name, as they are in the folder.
pub(crate) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// All files of a folder but catalogues and notes.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let mut files = Self(BTreeMap::new());
        files.walk(folder, "")?;
        Ok(files)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| format!("{}: a strange name", path.display()))?;
            match name {
                "i18n" if prefix.is_empty() => {}
                _ if name.starts_with('.') || name.ends_with(".md") => {}
                _ if path.is_dir() => self.walk(&path, &format!("{prefix}{name}/"))?,
                _ => self.add(format!("{prefix}{name}"), fs::read(&path).map_err(failed)?),
            }
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, name: String, content: Vec<u8>) {
        self.0.insert(name, content);
    }

    /// Writes what is to be embedded, and returns the code that does it: a slice of `Asset`.
    pub(crate) fn write(&self, out: &Path) -> Result<String, Vec<String>> {
        let hash = self.hash();
        let mut problems = Vec::new();
        let mut code = String::from("&[\n");
        for (index, (name, content)) in self.0.iter().enumerate() {
            let Some((kind, is_text)) = kind(name) else {
                problems.push(format!("assets/{name}: no kind of file that is served"));
                continue;
            };
            let mut content = content.clone();
            if is_text {
                match std::str::from_utf8(&content) {
                    Ok(text) => content = self.link(name, text, &hash, &mut problems).into_bytes(),
                    Err(_) => problems.push(format!("assets/{name}: it is not UTF-8")),
                }
            }
            let address =
                if name == PAGE { "/".into() } else { format!("{PREFIX}{}", hashed(name, &hash)) };
            // A compressed form that is no smaller only costs.
            let pack = |pack: fn(&[u8]) -> Vec<u8>| {
                Some(pack(&content)).filter(|packed| is_text && packed.len() < content.len())
            };
            let forms =
                [("brotli", pack(brotli)), ("gzip", pack(gzip)), ("plain", Some(content.clone()))];
            write!(code, "Asset {{ path: {address:?}, kind: {kind:?}, hash: {hash:?}, ")
                .expect("it is memory");
            for (form, bytes) in forms {
                let file = format!("{index}.{form}");
                let stored = bytes.map(|bytes| fs::write(out.join(&file), bytes));
                let code_of = match stored {
                    Some(Ok(())) if form == "plain" => include(&file),
                    Some(Ok(())) => format!("Some({})", include(&file)),
                    Some(Err(error)) => return Err(vec![format!("{file}: {error}")]),
                    None => "None".into(),
                };
                write!(code, "{form}: {code_of}, ").expect("it is memory");
            }
            code.push_str("},\n");
        }
        code.push_str("]\n");
        if !self.0.contains_key(PAGE) {
            problems.push(format!("assets/{PAGE} is missing"));
        }
        if problems.is_empty() { Ok(code) } else { Err(problems) }
    }

    /// Puts hashed names in the place of names.
    fn link(&self, name: &str, text: &str, hash: &str, problems: &mut Vec<String>) -> String {
        let mut linked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(PREFIX) {
            let (before, after) = rest.split_at(at + PREFIX.len());
            linked.push_str(before);
            let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
            let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
            let (target, after) = after.split_at(end);
            if !self.0.contains_key(target) || target == PAGE {
                let line = text[..text.len() - after.len()].matches('\n').count() + 1;
                problems.push(format!("assets/{name}:{line}: there is no {PREFIX}{target}"));
            }
            linked.push_str(&hashed(target, hash));
            rest = after;
        }
        linked.push_str(rest);
        linked
    }

    /// FNV-1a over names and contents. It tells versions apart, it protects nothing.
    fn hash(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for (name, content) in &self.0 {
            for byte in name.bytes().chain([0]).chain(content.iter().copied()).chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        format!("{hash:016x}")
    }
}

/// The code that embeds a file of the build.
fn include(file: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))")
}

/// `store.js` as `store-0123456789abcdef.js`.
fn hashed(name: &str, hash: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

/// The media type of a file, and whether it is text.
fn kind(name: &str) -> Option<(&'static str, bool)> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => ("text/html; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "json" => ("application/json", true),
        "svg" => ("image/svg+xml", true),
        "webmanifest" => ("application/manifest+json", true),
        "png" => ("image/png", false),
        _ => return None,
    })
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    // Quality 11, window of 4 MiB: the most there is, once per build.
    let mut writer = brotli::CompressorWriter::new(&mut packed, 64 * 1024, 11, 22);
    writer.write_all(content).expect("it is memory");
    drop(writer);
    packed
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("it is memory");
    encoder.finish().expect("it is memory")
}
