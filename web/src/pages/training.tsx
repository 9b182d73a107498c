// Model Training, the home page: start a job, and see all of them.
import { useEffect, useState } from "preact/hooks";
import { Dialog, PageTitle } from "../components";
import { setTitle, useLocation } from "../lib/router";
import { JobsTable } from "../training/jobs_table";
import { NewJob } from "../training/new_job";
import { useJobs } from "../training/use_jobs";
import { viewOf } from "../training/view";

const SHORTCUTS: [string[], string][] = [
    [["/"], "Search jobs"],
    [["j"], "Next row"],
    [["k"], "Row before"],
    [["Enter"], "Open the row"],
    [["x"], "Select the row"],
    [["c"], "Compare what is selected"],
    [["Esc"], "Close, or clear the selection"],
    [["?"], "These shortcuts"],
];

function Shortcuts({ onClose }: { onClose: () => void }) {
    return (
        <Dialog title="Keyboard shortcuts" onClose={onClose}>
            <dl class="shortcuts">
                {SHORTCUTS.map(([keys, words]) => (
                    <div key={words}>
                        <dt>
                            {keys.map((key) => (
                                <kbd key={key}>{key}</kbd>
                            ))}
                        </dt>
                        <dd>{words}</dd>
                    </div>
                ))}
            </dl>
        </Dialog>
    );
}

export default function Training(_: { params: Record<string, string> }) {
    const jobs = useJobs(viewOf(useLocation()));
    const [help, setHelp] = useState(false);
    useEffect(() => setTitle("Model Training"), []);
    return (
        <>
            <PageTitle>Model Training</PageTitle>
            <NewJob onStarted={jobs.put} />
            <JobsTable jobs={jobs} onHelp={() => setHelp(true)} />
            {help && <Shortcuts onClose={() => setHelp(false)} />}
        </>
    );
}
