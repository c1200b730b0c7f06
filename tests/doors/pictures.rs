//! Pictures as browsers can show them: `/file` is the original, `/view` is upright in any browser.

use super::edits::with_a_picture;
use super::server::Server;

const IMAGE: &str = "/api/v1/datasets/coins/images/1";

/// A PNG, 3 × 2 pixels as stored, whose `eXIf` chunk says orientation 6: upright it is 2 × 3.
const TURNED_PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\x12\x16\xf1M\0\0\0\x1aeXIfII*\0\x08\0\0\
    \0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0\xb7H\x11)\0\0\0\x10IDATx\xdac8\xc1\xc5\x05A\x0cp\x16\
    \08\x18\x05)\xee\x8bY\x1b\0\0\0\0IEND\xaeB`\x82";

/// A TIFF of this size: 8 bits grey, not compressed.
fn tiff(width: u32, height: u32) -> Vec<u8> {
    let tags: [(u16, u16, u32); 8] = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8), // bits of a sample
        (259, 3, 1), // not compressed
        (262, 3, 1), // black is zero
        (273, 4, 8 + 2 + 8 * 12 + 4),
        (278, 4, height),
        (279, 4, width * height),
    ];
    let mut file = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, kind, value) in tags {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file.extend(vec![0x80; (width * height) as usize]);
    file
}

/// What a JPEG's frame header says: 17 bytes long, 8 bits a sample, then height and width.
fn frame(width: u8, height: u8) -> String {
    format!("\0\x11\x08\0{}\0{}", char::from(height), char::from(width))
}

fn kind(server: &Server, way: &str) -> (Option<String>, String) {
    let answer = server.ask("GET", &format!("{IMAGE}/{way}"), &[], b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.header("content-type").map(str::to_owned), answer.body)
}

#[test]
fn what_a_browser_does_not_show_upright_is_viewed_as_a_jpeg_and_kept_as_it_is() {
    for (name, bytes, original, view) in
        [("a.png", TURNED_PNG.to_vec(), "image/png", frame(2, 3)), ("a.tif", tiff(30, 20), "image/tiff", frame(30, 20))]
    {
        let server = with_a_picture(name, &bytes);
        let (whole, body) = kind(&server, "file");
        assert_eq!((whole.as_deref(), body), (Some(original), String::from_utf8_lossy(&bytes).into_owned()));
        let (shown, body) = kind(&server, "view");
        assert_eq!(shown.as_deref(), Some("image/jpeg"), "{name}");
        assert!(body.contains(&view), "{name} is not upright in its full size");
    }
}

#[test]
fn what_a_browser_shows_is_viewed_as_it_is() {
    let bytes = super::edits::bitmap(100, 80);
    let server = with_a_picture("a.bmp", &bytes);
    let (file, view) =
        (server.ask("GET", &format!("{IMAGE}/file"), &[], b""), server.ask("GET", &format!("{IMAGE}/view"), &[], b""));
    assert_eq!((view.header("content-type"), view.header("etag")), (Some("image/bmp"), file.header("etag")));
    assert_eq!(view.header("content-length"), Some(bytes.len().to_string().as_str()));
    assert_eq!(view.body, file.body);
}
