//! The console's files, in the program itself: named by their content, so that browsers keep them for good.
//!
//! ```text
//!   console.css ──SHA-256──▶ /assets/console.3fb2….css    Cache-Control: immutable
//!   console.js  ── "./live.js" in it becomes "./live.91c4….js" ──▶ /assets/console.a01d….js
//! ```

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// Each file after those whose names stand in it.
const FILES: &[(&str, &[u8])] = &[
    ("console.css", include_bytes!("../../assets/console.css")),
    ("icon.svg", include_bytes!("../../assets/icon.svg")),
    ("time.js", include_bytes!("../../assets/time.js")),
    ("live.js", include_bytes!("../../assets/live.js")),
    ("keys.js", include_bytes!("../../assets/keys.js")),
    ("console.js", include_bytes!("../../assets/console.js")),
    ("work.css", include_bytes!("../../assets/work.css")),
    ("choose.js", include_bytes!("../../assets/choose.js")),
    ("enroll.js", include_bytes!("../../assets/enroll.js")),
    ("tree.js", include_bytes!("../../assets/tree.js")),
    ("rpc.js", include_bytes!("../../assets/rpc.js")),
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
}

fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<Vec<Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let mut assets: Vec<Asset> = Vec::new();
        for (name, bytes) in FILES {
            let body = linked(name, bytes, &assets);
            let digest = Sha256::digest(&body);
            let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
            assets.push(Asset { name, hashed: format!("{stem}.{hash}.{kind}"), body });
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
pub(super) async fn serve(Path(name): Path<String>) -> Response {
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
    ];
    (head, asset.body.clone()).into_response()
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

    #[test]
    fn what_every_page_loads_is_small() {
        let own = assets().iter().filter(|asset| !asset.name.starts_with("xterm"));
        let all: usize = own.map(|asset| asset.body.len()).sum();
        assert!(all < 200 * 1024, "{all}");
    }
}
