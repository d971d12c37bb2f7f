//! Writes a company out: its chart and its workflows, as the texts that a reader of charts takes.
//!
//! Departments are `d01`, `d02`, …, the domains of each `t01`, `t02`, …, the ICs of each `i0001`, `i0002`, …. What the
//! domain `d01/t02` does is of work type `work-d01-t02`: in tier 0 one task that nobody looks at, in tier 1 one that is
//! reviewed, in tier 2 four, one of which another domain of the department does.

use std::fmt::Write as _;

use super::Company;

/// How well somebody has a skill; by turns, so that a team has all of them.
const LEVELS: [&str; 3] = ["expert", "intermediate", "advanced"];

/// How long somebody has done this, by turns.
const EXPERIENCES: [&str; 4] = ["mid", "senior", "mid", "junior"];

/// The tiers that a company has templates for.
const TIERS: std::ops::RangeInclusive<u8> = 0..=2;

impl Company<'_> {
    /// Its chart.
    pub(super) fn chart(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.head(&mut text);
        for (department, domain) in self.places() {
            let _ = self.domain(&mut text, department, domain);
        }
        text
    }

    /// The workflow files that the chart names, with their texts.
    pub(super) fn workflows(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.places().flat_map(move |(department, domain)| {
            TIERS.map(move |tier| {
                let mut text = String::new();
                let _ = self.workflow(&mut text, department, domain, tier);
                (workflow_file(department, domain, tier), text)
            })
        })
    }

    fn places(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let domains = self.domains;
        (1..=self.departments).flat_map(move |department| (1..=domains).map(move |domain| (department, domain)))
    }

    fn head(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "[organisation]\nname = {}\nworkflows = [", quoted(self.name))?;
        for (department, domain) in self.places() {
            for tier in TIERS {
                writeln!(text, "    \"{}\",", workflow_file(department, domain, tier))?;
            }
        }
        writeln!(text, "]\n[policy]\ndefault_tier = 1")?;
        if let Some(every) = self.standup_every {
            writeln!(text, "[standup]\nevery = \"{}ms\"", every.0)?;
        }
        writeln!(text, "[[person]]\nid = \"owner\"\nrole = \"operator\"")?;
        writeln!(text, "[[worker]]\nid = \"simulated\"\nkind = \"simulated\"\nreviews = true")?;
        for department in 1..=self.departments {
            writeln!(
                text,
                "[[person]]\nid = \"m{department:02}\"\nrole = \"manager\"\ndepartment = \"d{department:02}\""
            )?;
            writeln!(text, "[[department]]\nid = \"d{department:02}\"\ntitle = \"Department {department}\"")?;
        }
        Ok(())
    }

    fn domain(&self, text: &mut String, department: u32, domain: u32) -> std::fmt::Result {
        writeln!(
            text,
            "[[domain]]\ndepartment = \"d{department:02}\"\nid = \"t{domain:02}\"\ntitle = \"Team {domain}\""
        )?;
        if self.reviews {
            writeln!(text, "lead = {{ worker = \"simulated\" }}")?;
        }
        for ic in 1..=self.ics {
            writeln!(
                text,
                "[[ic]]\ndomain = \"d{department:02}/t{domain:02}\"\nid = \"i{ic:04}\"\ntitle = \"IC {ic}\""
            )?;
            writeln!(text, "experience = \"{}\"\nworker = \"simulated\"", in_turn(&EXPERIENCES, ic))?;
            writeln!(
                text,
                "hours_per_day = {:?}\nparallel_limit = {}",
                self.hours_per_day.hours(),
                self.parallel_limit
            )?;
            let skills = (1..=self.skills)
                .map(|skill| format!("skill-{skill} = \"{}\"", in_turn(&LEVELS, ic.saturating_add(skill))));
            writeln!(text, "skills = {{ {} }}", skills.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }

    fn workflow(&self, text: &mut String, department: u32, domain: u32, tier: u8) -> std::fmt::Result {
        writeln!(text, "work_type = \"work-d{department:02}-t{domain:02}\"\ndepartment = \"d{department:02}\"")?;
        writeln!(text, "description = \"What team {domain} of department {department} does.\"\ntier = {tier}")?;
        if tier < 2 {
            return self.step(text, domain, "work", 1, &[]);
        }
        // The last domain of a department hands on to the first.
        let next = if domain < self.domains { domain.saturating_add(1) } else { 1 };
        self.step(text, domain, "design", 1, &[])?;
        self.step(text, domain, "build", 2, &["design"])?;
        self.step(text, next, "use", 3, &["design"])?;
        self.step(text, domain, "test", 4, &["build", "use"])
    }

    fn step(&self, text: &mut String, domain: u32, key: &str, skill: u32, needs: &[&str]) -> std::fmt::Result {
        // There may be fewer skills than steps.
        let skill = skill.saturating_sub(1).checked_rem(self.skills).unwrap_or_default().saturating_add(1);
        writeln!(text, "[[step]]\nkey = \"{key}\"\ntitle = \"{key}\"\ndomain = \"t{domain:02}\"\nneeds = {needs:?}")?;
        writeln!(text, "description = \"{{instruction}}\"\neffort = \"{}ms\"", self.effort.0)?;
        writeln!(text, "skills = [\"skill-{skill}\"]\ncriteria = [\"it is done\"]")?;
        writeln!(text, "[[step.deliverable]]\npath = \"RESULT.md\"\nmin_bytes = 40")
    }
}

fn workflow_file(department: u32, domain: u32, tier: u8) -> String {
    format!("work-d{department:02}-t{domain:02}-{tier}.toml")
}

fn in_turn<'a>(words: &[&'a str], number: u32) -> &'a str {
    usize::try_from(number)
        .ok()
        .and_then(|number| words.get(number.checked_rem(words.len())?))
        .copied()
        .unwrap_or("mid")
}

/// A text as a string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
