//! The console's files, in the program itself: named by their content, so that browsers keep them for good.
//!
//! ```text
//!   console.css ──SHA-256──▶ /assets/console.3fb2….css    Cache-Control: immutable
//!   console.js  ── "./live.js" in it becomes "./live.91c4….js" ──▶ /assets/console.a01d….js
//!                                                                  Content-Encoding: gzip, to whoever takes it
//! ```
//!
//! Only these files are compressed. A page is not: it holds its session's token beside what whoever made the link wrote,
//! and the length of both together, compressed, would tell of the token.
//!
//! Sources: RFC 9110 §12.5.3 (Accept-Encoding), §12.5.5 (Vary); RFC 1952 (gzip).

use std::io::Write as _;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use homing_proto::hex::hex;
use sha2::{Digest as _, Sha256};

/// Each file after those whose names stand in it.
const FILES: &[(&str, &[u8])] = &[
    ("console.css", include_bytes!("../../assets/console.css")),
    ("icon.svg", include_bytes!("../../assets/icon.svg")),
    ("time.js", include_bytes!("../../assets/time.js")),
    ("morph.js", include_bytes!("../../assets/morph.js")),
    ("live.js", include_bytes!("../../assets/live.js")),
    ("choices.js", include_bytes!("../../assets/choices.js")),
    ("palette.js", include_bytes!("../../assets/palette.js")),
    ("keys.js", include_bytes!("../../assets/keys.js")),
    ("console.js", include_bytes!("../../assets/console.js")),
    ("work.css", include_bytes!("../../assets/work.css")),
    ("choose.js", include_bytes!("../../assets/choose.js")),
    ("enroll.js", include_bytes!("../../assets/enroll.js")),
    ("tree.js", include_bytes!("../../assets/tree.js")),
    ("rpc.js", include_bytes!("../../assets/rpc.js")),
    ("facts.js", include_bytes!("../../assets/facts.js")),
    ("complete.js", include_bytes!("../../assets/complete.js")),
    ("run.js", include_bytes!("../../assets/run.js")),
    ("configuration.js", include_bytes!("../../assets/configuration.js")),
    ("xterm.css", include_bytes!("../../assets/vendor/xterm.css")),
    ("xterm.js", include_bytes!("../../assets/vendor/xterm.js")),
    ("xterm-fit.js", include_bytes!("../../assets/vendor/xterm-fit.js")),
    ("styles.js", include_bytes!("../../assets/styles.js")),
    ("screen.js", include_bytes!("../../assets/screen.js")),
    ("terminal.js", include_bytes!("../../assets/terminal.js")),
    ("replay.js", include_bytes!("../../assets/replay.js")),
];

struct Asset {
    name: &'static str,
    hashed: String,
    body: Bytes,
    /// The same compressed, once somebody took it; none: it would not be shorter.
    packed: OnceLock<Option<Bytes>>,
}

impl Asset {
    fn packed(&self) -> Option<Bytes> {
        self.packed.get_or_init(|| packed(&self.body)).clone()
    }
}

/// Compressed, if that makes it shorter.
fn packed(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < body.len()).then(|| packed.into())
}

/// Whether `gzip`, or anything, is taken; `q=0` says that it is not.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let said = codings.filter_map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=")?.trim().parse::<f32>().ok()?;
        Some((name.trim().to_ascii_lowercase(), weight > 0.0))
    });
    let said: Vec<_> = said.collect();
    let of = |wanted: &str| said.iter().find(|(name, _)| name == wanted).map(|(_, is)| *is);
    of("gzip").or_else(|| of("*")).unwrap_or(false)
}

fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<Vec<Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let mut assets: Vec<Asset> = Vec::new();
        for (name, bytes) in FILES {
            let body = linked(name, bytes, &assets);
            let digest = Sha256::digest(&body);
            let hash = hex(digest.get(..8).unwrap_or_default());
            let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
            let hashed = format!("{stem}.{hash}.{kind}");
            assets.push(Asset { name, hashed, body, packed: OnceLock::new() });
        }
        assets
    })
}

/// The same with the names of other modules as they are served.
fn linked(name: &str, bytes: &'static [u8], earlier: &[Asset]) -> Bytes {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| name.ends_with(".js")) else {
        return Bytes::from_static(bytes);
    };
    let link = |text: String, asset: &Asset| {
        text.replace(&format!("\"./{}\"", asset.name), &format!("\"./{}\"", asset.hashed))
    };
    Bytes::from(earlier.iter().fold(text.to_owned(), link))
}

/// Where a file is served.
pub(super) fn url(name: &str) -> String {
    let asset = assets().iter().find(|asset| asset.name == name);
    format!("/assets/{}", asset.map_or(name, |asset| &asset.hashed))
}

/// `/assets/{name}`.
pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = assets().iter().find(|asset| asset.hashed == name) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let kind = match asset.name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "woff2")) => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
    let head = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    match asset.packed().filter(|_| takes_gzip(&headers)) {
        Some(packed) => {
            let encoding = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            (head, [encoding], packed).into_response()
        }
        None => (head, asset.body.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_names_others_as_they_are_served() {
        let console = assets().iter().find(|asset| asset.name == "console.js").unwrap();
        let text = std::str::from_utf8(&console.body).unwrap();
        assert!(text.contains(url("live.js").trim_start_matches("/assets")), "{text}");
        for asset in assets().iter().filter(|asset| asset.name.ends_with(".js")) {
            let text = std::str::from_utf8(&asset.body).unwrap();
            for name in FILES.iter().map(|(name, _)| name) {
                assert!(!text.contains(&format!("\"./{name}\"")), "{}: {name}", asset.name);
            }
        }
    }

    fn asks(value: &'static str) -> bool {
        takes_gzip(
            &[(header::ACCEPT_ENCODING, HeaderValue::from_static(value))].into_iter().collect(),
        )
    }

    #[test]
    fn a_file_is_compressed_for_whoever_takes_that() {
        assert!(asks("gzip, deflate, br, zstd") && asks("br;q=1.0, GZIP;q=0.5") && asks("*"));
        assert!(!asks("") && !asks("br") && !asks("gzip;q=0, *") && !asks("*;q=0"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_compressed_file_is_less_than_half_and_the_same() {
        use std::io::Read as _;
        for asset in assets().iter().filter(|asset| asset.body.len() > 2048) {
            let packed = asset.packed().unwrap();
            assert!(packed.len() * 2 < asset.body.len(), "{}: {}", asset.name, packed.len());
            let mut whole = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut whole).unwrap();
            assert_eq!(whole, asset.body, "{}", asset.name);
        }
        let xterm = assets().iter().find(|asset| asset.name == "xterm.js").unwrap();
        assert!(xterm.packed().unwrap().len() < 100 * 1024);
    }

    #[test]
    fn what_every_page_loads_is_small() {
        let own = assets().iter().filter(|asset| !asset.name.starts_with("xterm"));
        let all: usize = own.map(|asset| asset.body.len()).sum();
        assert!(all < 200 * 1024, "{all}");
    }
}
