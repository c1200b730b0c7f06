//! Uploads: what is refused, and that nothing of it stays.

use super::server::{Answer, Server};

const ADDRESS: &str = "/api/v1/datasets/coins/uploads";

fn upload(server: &Server, files: &[(&str, &[u8])], fields: &[(&str, &str)]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    for (name, content) in files {
        let head = format!("--xx\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--xx--\r\n");
    server.ask("POST", ADDRESS, &[("Content-Type", "multipart/form-data; boundary=xx")], &body)
}

fn left_behind(server: &Server) -> usize {
    std::fs::read_dir(server.folder.path().join("uploads")).unwrap().count()
}

#[test]
fn file_names_that_lead_elsewhere_are_refused() {
    let server = Server::start();
    for name in ["../evil.jpg", "/etc/cron.d/evil", "a/../../b.jpg", "C:/x.jpg", "a/./b.jpg", "nul.jpg", "a//b.jpg"] {
        let answer = upload(&server, &[("good.jpg", b"x"), (name, b"x")], &[]);
        assert_eq!(answer.failure(), (422, "invalid".into()), "{name}");
        assert!(!server.folder.path().join("evil.jpg").exists());
    }
    assert_eq!(left_behind(&server), 0);
}

#[test]
fn uploads_end_at_their_limits() {
    let server = Server::start_with(|settings| {
        settings.upload_limits = tator_web::UploadLimits { files: 2, bytes: 2000 };
    });
    let three: Vec<(&str, &[u8])> = vec![("a.jpg", b"x"), ("b.jpg", b"x"), ("c.jpg", b"x")];
    assert_eq!(upload(&server, &three, &[]).failure(), (422, "invalid".into()));
    assert_eq!(upload(&server, &[("a.jpg", &[0; 3000])], &[]).failure(), (413, "too_large".into()));
    assert_eq!(left_behind(&server), 0);
}

#[test]
fn names_that_differ_only_in_case_are_one_file() {
    let server = Server::start();
    let answer = upload(&server, &[("a.jpg", b"x"), ("A.JPG", b"y")], &[]);
    assert_eq!(answer.failure(), (422, "invalid".into()));
}

#[test]
fn what_is_no_upload_is_refused() {
    let server = Server::start();
    assert_eq!(upload(&server, &[], &[]).failure(), (422, "invalid".into()));
    assert_eq!(upload(&server, &[("a.jpg", b"x")], &[("source", "/etc")]).failure(), (422, "invalid".into()));
    assert_eq!(upload(&server, &[("a.jpg", b"x")], &[("mode", "link")]).failure(), (422, "invalid".into()));
    let torn = b"--xx\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.jpg\"\r\n\r\nhalf";
    let answer = server.ask("POST", ADDRESS, &[("Content-Type", "multipart/form-data; boundary=xx")], torn);
    assert_eq!(answer.failure(), (400, "bad_request".into()));
    let answer = server.ask_json("POST", ADDRESS, "{}");
    assert_eq!(answer.failure(), (415, "unsupported_media_type".into()));
    assert_eq!(left_behind(&server), 0);
}
