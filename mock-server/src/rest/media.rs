//! Media by their id: from the folder of data, and otherwise something that stands for what a customer sent.
//!
//! The mock has no provider to fetch a customer's picture from, so it shows one of its own; no video.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{App, Authorized, Problem, ask};

/// Content types by the end of a file's name.
const TYPES: [(&str, &str); 16] = [
    ("aac", "audio/aac"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
];

/// Stands for pictures and stickers.
const PICTURE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240" viewBox="0 0 320 240">
<rect width="320" height="240" fill="#dde6ee"/><circle cx="230" cy="70" r="26" fill="#f4c95d"/>
<path d="M0 200 L90 100 L160 175 L215 125 L320 215 V240 H0 Z" fill="#6b8f71"/></svg>
"##;

/// `GET /api/whatsapp/downloadmedia/{media_id}`: the medium, or 404.
pub(super) async fn download(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let wanted = id.clone();
    let (folder, kind) =
        ask(&app, move |backend| Ok((backend.desk.media.clone(), backend.chats.kind_of_medium(&wanted)))).await?;
    if let Some(folder) = folder
        && let Some((content_type, bytes)) = from_folder(&folder, &id).await
    {
        return Ok(([(header::CONTENT_TYPE, content_type)], bytes).into_response());
    }
    let (content_type, body) = match kind.as_deref() {
        Some("image" | "sticker") => ("image/svg+xml", PICTURE.as_bytes().to_vec()),
        Some("audio") => ("audio/wav", one_second_of_silence()),
        Some("document") => ("text/plain; charset=utf-8", b"A document of the mock's.\n".to_vec()),
        _ => {
            let message =
                "unknown media_id: expected one that a customer sent, or a file of that name in media/ of --data";
            return Err(Problem::new(StatusCode::NOT_FOUND, message));
        }
    };
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// The file whose name without its end is the id. The folder is listed, and the id never made a path of.
async fn from_folder(folder: &FilePath, id: &str) -> Option<(&'static str, Vec<u8>)> {
    let mut files = tokio::fs::read_dir(folder).await.ok()?;
    while let Some(file) = files.next_entry().await.ok()? {
        let path = file.path();
        if path.file_stem().is_some_and(|stem| stem == id) {
            let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
            let known = TYPES.iter().find(|(known, _)| *known == end);
            let content_type = known.map_or("application/octet-stream", |(_, content_type)| content_type);
            return Some((content_type, tokio::fs::read(&path).await.ok()?));
        }
    }
    None
}

/// A WAV file: 8,000 samples of 8 bits, one channel (RIFF, `fmt ` with PCM, `data`).
fn one_second_of_silence() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + RATE).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1u16, 1].map(u16::to_le_bytes).concat());
    file.extend([RATE, RATE].map(u32::to_le_bytes).concat());
    file.extend([1u16, 8].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(RATE.to_le_bytes());
    file.resize(file.len() + RATE as usize, 0x80);
    file
}
