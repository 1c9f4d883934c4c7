//! Against a server on loopback that answers each path in its own way.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;
use crate::output::Volume;

const CONTENT: &[u8] = b"what a file of a data set holds";

/// Serves `n` requests, and hands back the paths that were asked for.
fn serve(n: usize) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound");
    let serving =
        thread::spawn(move || (0..n).map(|_| answer(&listener.accept().expect("a client comes").0)).collect());
    (format!("http://{address}"), serving)
}

fn answer(mut client: &TcpStream) -> String {
    let mut lines = BufReader::new(client).lines().map(|line| line.expect("a request is text"));
    let request = lines.next().unwrap_or_default();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let (status, length, content): (&str, usize, &[u8]) = match path.as_str() {
        "/good" => ("200 OK", CONTENT.len(), CONTENT),
        "/other" => ("200 OK", CONTENT.len(), b"WHAT a file of a data set holds"),
        "/longer" => ("200 OK", 100_000, &[7; 100_000]),
        "/shorter" => ("200 OK", 4, b"what"),
        "/broken" => ("200 OK", CONTENT.len(), &CONTENT[..9]),
        "/moved" => ("302 Found\r\nLocation: /good", 0, b""),
        _ => ("404 Not Found", 5, b"sorry"),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // Whether the client still listens is its own affair.
    let _ = client.write_all(&[head.as_bytes(), content].concat());
    path
}

fn wanted<'a>(base: &str, path: &str, sha256: &'a str) -> Wanted<'a> {
    Wanted { name: "data.gz", url: format!("{base}{path}"), bytes: CONTENT.len() as u64, sha256 }
}

fn sha256(content: &[u8]) -> String {
    hex(Sha256::new_with_prefix(content))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the folder is there").map(|entry| entry.expect("it can be read"));
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn try_fetch(file: &Wanted<'_>, dir: &Path) -> Result<(), String> {
    let agent = Agent::new_with_defaults();
    let result =
        if is_there(file, dir).map_err(|error| format!("{error:?}"))? { Ok(()) } else { file.download(&agent, dir) };
    result.map_err(|error| format!("{error:?}"))
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let good = sha256(CONTENT);
    let rows: [(&str, Result<(), &[&str]>); 7] = [
        ("/good", Ok(())),
        ("/moved", Ok(())),
        ("/other", Err(&["/other", &good, "thrown away"])),
        ("/longer", Err(&["more than 31 bytes", "expected 31"])),
        ("/shorter", Err(&["gave 4 bytes", "expected 31"])),
        ("/broken", Err(&["/broken", "broke off"])),
        ("/missing", Err(&["/missing", "404"])),
    ];
    for (path, expected) in rows {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let (base, serving) = serve(if path == "/moved" { 2 } else { 1 });
        let result = try_fetch(&wanted(&base, path, &good), dir.path());
        serving.join().expect("the server ends");
        match (&result, expected) {
            (Ok(()), Ok(())) => {
                assert_eq!(fs::read(dir.path().join("data.gz")).expect("the file is there"), CONTENT, "{path}");
                assert_eq!(names(dir.path()), ["data.gz"], "{path}");
            }
            (Err(error), Err(words)) => {
                assert!(words.iter().all(|word| error.contains(word)), "{path}: {error}");
                assert!(names(dir.path()).is_empty(), "{path}: {:?}", names(dir.path()));
            }
            _ => panic!("{path}: {result:?}"),
        }
    }
}

#[test]
fn what_is_there_is_not_fetched_again_and_what_is_wrong_is_left() {
    let good = sha256(CONTENT);
    let dir = tempfile::tempdir().expect("a folder can be made");
    // Nobody serves here: any request would fail.
    let file = wanted("http://127.0.0.1:1", "/good", &good);
    fs::write(dir.path().join("data.gz"), CONTENT).expect("files can be written");
    assert_eq!(try_fetch(&file, dir.path()), Ok(()));
    fs::write(dir.path().join("data.gz"), b"mine").expect("files can be written");
    let error = try_fetch(&file, dir.path()).expect_err("another content is refused");
    assert!(error.contains(&good) && error.contains("left as it is"), "{error}");
    assert_eq!(fs::read(dir.path().join("data.gz")).expect("it is there"), b"mine");
}

#[test]
fn all_files_of_a_set_are_fetched() {
    let good = sha256(CONTENT);
    let dir = tempfile::tempdir().expect("a folder can be made");
    let (base, serving) = serve(2);
    let files = ["a", "b"].map(|name| Wanted { name, ..wanted(&base, "/good", &good) });
    let screen = Screen::new(Volume::Quiet);
    assert!(fetch(&files, dir.path(), &screen).is_ok());
    assert_eq!(serving.join().expect("the server ends").len(), 2);
    let mut names = names(dir.path());
    names.sort_unstable();
    assert_eq!(names, ["a", "b"]);
}
