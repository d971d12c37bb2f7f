//! A workflow whose tasks are the files of a repository, by the program itself.

use crate::support::{Home, echelon, finish};

#[test]
fn each_story_of_a_repository_is_refined_and_then_they_are_put_in_order() {
    let home = Home::new();
    let folder = home.path().join("shop");
    crate::cli::repository(
        &folder,
        &[
            ("README.md", "# Shop\n"),
            ("stories/basket.md", "# Basket\n\nKeep what I chose.\n"),
            ("stories/pay.md", "# Pay\n\nPay by invoice.\n"),
            ("stories/search.md", "# Search\n\nFind it by its colour.\n"),
        ],
    );
    let run = finish(
        echelon()
            .arg("--data-dir")
            .arg(home.data())
            .args(["run", "--org", &crate::cli::shipped("software.toml"), "--work-type", "user_story_refinement"])
            .arg("Make the stories ready for the next sprint")
            .current_dir(&folder),
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    for said in ["Refine stories/basket.md", "Refine stories/pay.md", "Refine stories/search.md"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}
