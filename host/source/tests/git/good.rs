//! What is packed is what the commit has, however it is named and however the server keeps
//! it.

use codeflare_test_git::{Answer, Repository, git};

use crate::{NAME, Scene, checked_out, listed};

/// A repository with something of everything.
fn fill(repository: &Repository) {
    let long = format!("src/{}/{}.py", "deep-".repeat(20), "name-".repeat(30));
    repository
        .file("main.py", "print('é')\n")
        .file("empty", "")
        .file("binary", [0, 255, 10, 13, 0])
        .file(&long, "long")
        .file("src/a.py", "a = 1\n")
        .file("src.py", "beside the folder")
        .file("src-x", "before the folder")
        .file("with space/ü \\ \"x\"", "odd names")
        .script("run.sh", "#!/bin/sh\n")
        .link("src/again.py", "../main.py")
        .link("here", ".")
        .link("far", &format!("src/{}", "deep-".repeat(20)));
    // Much alike, so that most of it is kept as deltas of deltas.
    let lines: Vec<String> = (0..4000).map(|line| format!("{line} {}\n", line * line % 977)).collect();
    for number in 0..40 {
        let mut lines = lines.clone();
        lines[number * 90] = format!("changed in {number}\n");
        repository.file(&format!("data/{number}.txt"), lines.concat());
    }
}

#[tokio::test]
async fn everything_of_a_commit_is_there_with_its_modes() {
    let scene = Scene::new().await;
    fill(&scene.repository);
    scene.repository.commit("main");
    let expected = checked_out(&scene.folder.path().join("work/org-repo.git"));
    assert_eq!(expected.len(), 40 + 12 + 4);

    let pack = scene.pack("").await.unwrap();
    assert_eq!(listed(&pack), expected);
    assert_eq!(pack.submodules, Vec::<String>::new());
    assert_eq!((scene.server.count("ls-refs"), scene.server.count("fetch")), (1, 1));
    assert_eq!(scene.cached().len(), 1, "the tar alone");
    drop(pack);
    scene.nothing_is_left("a pack that nobody wants").await;
}

#[tokio::test]
async fn a_folder_is_packed_as_if_there_were_nothing_else() {
    let scene = Scene::new().await;
    fill(&scene.repository);
    // Leads out of the repository, but is not in the folder.
    scene.repository.link("outside", "/etc/passwd");
    scene.repository.commit("main");
    let expected = checked_out(&scene.folder.path().join("work/org-repo.git/data"));
    for behind in ["/tree/main/data", "/tree/main/data/", "/-/tree/main/data"] {
        assert_eq!(listed(&scene.pack(behind).await.unwrap()), expected, "{behind}");
    }
    let resolved = scene.resolve(&scene.at(NAME), Some("main"), Some("data")).await.unwrap();
    assert_eq!(listed(&scene.fetch(&resolved).await.unwrap()), expected);
    assert_eq!(resolved.path, "data");
    assert_eq!((resolved.reference.as_str(), resolved.commit.len()), ("refs/heads/main", 40));
}

#[tokio::test]
async fn the_same_commit_is_the_same_tar_however_it_is_kept() {
    let scene = Scene::new().await;
    fill(&scene.repository);
    let commit = scene.repository.commit("main");
    let resolved = scene.resolve(&scene.at(NAME), None, None).await.unwrap();
    assert_eq!(resolved.commit, commit);
    let first = scene.fetch(&resolved).await.unwrap();
    // Other versions of this program must make it so too: Runs of theirs have recorded it.
    assert_eq!(first.digest, "sha256:50105b042000779341051245c7eceacc72b77e78be35425735d5a3a79e8b88c9");

    let bare = scene.repository.bare().to_owned();
    for packing in [
        &["repack", "-a", "-d", "-f", "-q", "--depth=250", "--window=50"][..],
        &["repack", "-a", "-d", "-f", "-q", "--depth=0"],
        &["-c", "pack.compression=0", "repack", "-a", "-d", "-F", "-q"],
    ] {
        git(&bare, packing);
        let again = scene.fetch(&resolved).await.unwrap();
        assert_eq!(again.digest, first.digest, "{packing:?}");
        assert_eq!(std::fs::read(&again.file).unwrap(), std::fs::read(&first.file).unwrap());
    }
}

#[tokio::test]
async fn branches_tags_and_ids_are_found_as_people_name_them() {
    let scene = Scene::new().await;
    let at = |branch: &str| {
        scene.repository.file("which", branch);
        scene.repository.commit(branch)
    };
    let main = at("main");
    let feature = at("feature");
    let deep = at("feature-x/deep/er");
    scene.repository.tag("v1.0");
    let moved = at("main");
    assert_ne!(main, moved);
    for (repo, reference, commit, name) in [
        ("", None, &moved, "refs/heads/main"),
        ("", Some("feature"), &feature, "refs/heads/feature"),
        ("", Some("refs/heads/feature"), &feature, "refs/heads/feature"),
        ("", Some("v1.0"), &deep, "refs/tags/v1.0"),
        ("", Some("refs/tags/v1.0"), &deep, "refs/tags/v1.0"),
        ("", Some(main.as_str()), &main, &main),
        ("/tree/feature-x/deep/er", None, &deep, "refs/heads/feature-x/deep/er"),
        ("/tree/v1.0", None, &deep, "refs/tags/v1.0"),
        (&format!("/tree/{main}"), None, &main, &main),
    ] {
        let address = scene.at(&format!("{NAME}{repo}"));
        let resolved = scene.resolve(&address, reference, None).await.unwrap();
        assert_eq!((&resolved.commit, resolved.reference.as_str()), (commit, name), "{repo} {reference:?}");
        assert_eq!(resolved.address.to_string(), scene.at(NAME));
        // The old commit of a branch that moved, too.
        assert_eq!(scene.fetch(&resolved).await.unwrap().files, 1, "{repo} {reference:?}");
    }
}

#[tokio::test]
async fn submodules_are_left_out_and_told_of() {
    let scene = Scene::new().await;
    let other =
        Repository::create(&scene.folder.path().join("repos"), "org/other.git", &scene.folder.path().join("work"));
    other.file("a", "b").commit("main");
    scene.repository.file("main.py", "");
    scene.repository.git(&["submodule", "add", "--quiet", other.bare().to_str().unwrap(), "lib/other"]);
    scene.repository.commit("main");
    let pack = scene.pack("").await.unwrap();
    assert_eq!(pack.submodules, ["lib/other"]);
    let tree = listed(&pack);
    assert_eq!(tree.get(b"lib/other".as_slice()).map(String::as_str), Some("folder"));
    assert_eq!(tree.len(), 4, "{tree:?}");
}

#[tokio::test]
async fn repositories_with_longer_hashes_are_read() {
    let scene = Scene::new().await;
    let bare = scene.folder.path().join("repos/long.git");
    let work = scene.folder.path().join("long");
    for (folder, bare) in [
        (&bare, &["init", "--quiet", "--object-format=sha256", "--bare"][..]),
        (&work, &["init", "--quiet", "--object-format=sha256"]),
    ] {
        std::fs::create_dir_all(folder).unwrap();
        git(folder, bare);
    }
    std::fs::write(work.join("a"), "b").unwrap();
    git(&work, &["add", "a"]);
    git(&work, &["commit", "--quiet", "-m", "x"]);
    git(&work, &["push", "--quiet", bare.to_str().unwrap(), "HEAD:refs/heads/main"]);
    let resolved = scene.resolve(&scene.at("long.git"), None, None).await.unwrap();
    assert_eq!(resolved.commit.len(), 64);
    assert_eq!(listed(&scene.fetch(&resolved).await.unwrap()), checked_out(&work));
}

#[tokio::test]
async fn a_redirect_within_the_server_is_followed() {
    let scene = Scene::new().await;
    scene.repository.file("a", "b").commit("main");
    for (from, to) in [
        ("/org/old/info/refs", format!("/{NAME}/info/refs?service=git-upload-pack")),
        ("/org/older/info/refs", "/org/old/info/refs?service=git-upload-pack".to_owned()),
        ("/org/oldest/info/refs", scene.at("org/older/info/refs?service=git-upload-pack")),
    ] {
        scene.server.tell(from, Answer::Redirect(301, to));
    }
    let resolved = scene.resolve(&scene.at("org/oldest/tree/main"), None, None).await.unwrap();
    assert_eq!(resolved.address.to_string(), scene.at("org/oldest"), "as the Application has it");
    assert_eq!(scene.fetch(&resolved).await.unwrap().files, 1);
}

#[tokio::test]
async fn the_server_is_asked_for_every_place() {
    let scene = Scene::new().await;
    let commit = scene.repository.file("a", "b").commit("main");
    for asked in 1..4 {
        scene.resolve(&scene.at(NAME), Some(&commit), None).await.unwrap();
        assert_eq!(scene.server.count("ls-refs"), asked);
    }
    assert_eq!(scene.server.count("fetch"), 0);
}
