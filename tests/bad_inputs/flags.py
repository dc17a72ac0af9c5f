"""Flags that mean nothing, or do not go together, of every command."""

from tests.bad_inputs.case import OWN, Case, rows, table


def criteria(text: str, *words: str) -> Case:
    return table(rows(), *words, flags=f'--data t.csv --inputs question,answer --criteria "{text}"')


FLAGS = {
    "a criterion named copy": criteria("copy:1-5", "--criteria", "'copy'", "choose another"),
    "a criterion named schema": criteria("schema:1-5", "--criteria", "'schema'", "choose another"),
    "a criterion with spaces": criteria("very helpful:1-5", "--criteria", "very_helpful=very helpful:1-5"),
    "two criteria of one name": criteria("helpful:1-5,helpful:1-5", "'helpful'", "twice"),
    "a scale upside down": criteria("helpful:5-1", "'helpful'", "lower level first"),
    "a scale of one level": criteria("helpful:3-3", "'helpful'", "lower level first"),
    "no scale": criteria("helpful", "'helpful'", "helpful:1-5"),
    "a scale of too many levels": criteria("helpful:0-100", "101 levels", "rescale"),
    "no criteria": criteria("", "--criteria"),
    "an unknown mode": Case("optimize --mode SCS", ("--mode", "joint")),
    "a mode with a slip": Case("optimize --mode Singel", ("--mode", "did you mean 'Single'")),
    "an unknown gate": Case("optimize --gate spearmann", ("--gate", "did you mean 'spearman'")),
    "a gate by criterion without a gate": Case("optimize --gate-by criterion --gate none", ("--gate-by", "--gate")),
    "a merge without a gate": Case("optimize --merge greedy --gate none", ("--merge", "--gate none")),
    "a merge of the last": Case("optimize --merge greedy --keep last", ("--merge", "--keep last")),
    "tries of no merge": Case("optimize --merge-tries 2", ("--merge-tries", "--merge greedy")),
    "orders of no search": Case("optimize --orders-tried 2", ("--orders-tried", "--order search")),
    "a peer that rotates": Case("optimize --order rotate --optimizer copro", ("--order rotate", "--optimizer")),
    "an order without rows": Case("optimize --order search --gate none --keep last", ("--order search", "--keep last")),
    "a race by criterion": Case("optimize --gate-by criterion --race on", ("--gate-by", "--race off")),
    "a schedule with a slip": Case("optimize --schedule coordinat", ("--schedule", "did you mean 'coordinate'")),
    "an unknown optimizer": Case("optimize --optimizer gepaa", ("--optimizer", "did you mean 'gepa'")),
    "an unknown control": Case("optimize --control shufled", ("--control", "did you mean 'shuffled'")),
    "an unknown adapter": Case("optimize --adapter jsn", ("--adapter", "did you mean 'json'")),
    "an unknown task": Case("optimize --task sumeval", ("--task", "did you mean 'summeval'")),
    "an unknown flag": Case("optimize --stepz 3", ("--stepz", "did you mean '--steps'")),
    "a negative size": Case("optimize --train-size -3", ("--train-size", "at least 1")),
    "no steps": Case("optimize --steps many", ("--steps", "whole number")),
    "a batch larger than the training rows": Case("optimize --batch-size 9 --train-size 3", ("--batch-size", "lower")),
    "a negative limit": Case("optimize --max-cost -1", ("--max-cost", "out of range")),
    "a limit that is no number": Case("optimize --max-cost nan", ("--max-cost", "out of range")),
    "half a price": Case("optimize --max-cost 1 --price-in 2", ("--price-in", "--price-out", "both")),
    "half a price of a role": Case("optimize --judge-lm x/y --judge-price-in 2", ("--judge-price-in", "both")),
    "no known price": Case(
        "optimize --max-cost 1 --lm m --api-base http://127.0.0.1:9/v1", ("--max-cost", "--price-in")
    ),
    "no known price of a role": Case(
        "optimize --max-cost 1 --judge-lm m --judge-api-base http://127.0.0.1:9/v1", ("--judge-price-in", "judge")
    ),
    "an empty run's name": Case('optimize --run " "', ("--run", "is empty")),
    "a run outside its folder": Case("optimize --run ../escape", ("--run", "'../escape'")),
    "a run that exists": Case("optimize --run one", ("'one'", "--resume one")),
    "an unknown run": Case("optimize --resume nothing", ("'nothing'",)),
    "a run's changed setting": Case("optimize --resume one --steps 9", ("--steps 9", "leave the flag out")),
    "empty inputs": Case('optimize --data rated.csv --inputs "" --criteria helpful:1-5', ("--inputs",)),
    "an empty task": Case('optimize --task ""', ("--task", "is empty")),
    "an empty data flag": Case('optimize --data ""', ("--data",)),
    "an empty group": Case(f'optimize {OWN.replace("--group id", "")} --group ""', ("--group",), {"t.csv": rows()}),
    "an empty LM": Case('optimize --lm ""', ("--lm", "is empty")),
    "an empty server": Case('score runs/one --data rated.csv --out o.csv --api-base ""', ("--api-base",)),
    "an empty judge LM": Case('score runs/one --data rated.csv --out o.csv --judge-lm ""', ("--judge-lm", "is empty")),
    "an empty ratings flag": Case(f'optimize {OWN} --ratings ""', ("--ratings",), {"t.csv": rows()}),
    "an unknown metric": Case("compare runs/one runs/one --metric rho", ("--metric", "spearman")),
    "a metric with a slip": Case("compare runs/one runs/one --metric kendal", ("--metric", "did you mean 'kendall'")),
    "a negative margin": Case("compare runs/one runs/one --margin -1", ("--margin", "out of range")),
    "advice on no difference": Case("advise runs/one --difference 0", ("--difference", "out of range")),
    "advice without a difference": Case("advise runs/one", ("--difference",)),
    "an unknown export": Case("export runs/one --to promptfo --out o", ("--to", "did you mean 'promptfoo'")),
    "decisions of an LM that writes": Case(
        "optimize --lm m --api-base http://127.0.0.1:9/v1 --judge decision", ("--judge decision", "hosted_vllm/MODEL")
    ),
    "decisions in a layout": Case("optimize --judge decision --adapter json", ("--judge decision", "--adapter json")),
    "groups that nobody measures": Case(
        "optimize --judge clusters --gate none --keep last", ("--judge clusters", "--gate none")
    ),
    "groups of a saved judge, unmeasured": Case(
        "evaluate runs/one --data rated.csv --judge clusters", ("clusters", "clusters:a+b,c")
    ),
    "an export over a judge": Case("export runs/one --to text --out runs/one/judge.json", ("--out", "lost")),
    "an unknown study mode": Case("study --modes SSC,SCS --yes", ("--modes", "joint")),
    "a study gate with a slip": Case("study --gates mea --yes", ("--gates", "did you mean 'mae'")),
    "a study's seed twice": Case("study --seeds 1,1 --yes", ("--seeds", "twice")),
    "a study's seed that is none": Case("study --seeds one --yes", ("--seeds", "whole number")),
    "a study of no study file": Case("study nothing.toml --yes", ("nothing.toml",)),
    "a study file with an unknown key": Case(
        "study s.toml --yes", ("s.toml", "modez"), {"s.toml": 'modez = ["SSC"]\n'}
    ),
    "a tolerance of nothing": Case("check runs/one anchors.json --tolerance bais=1", ("bais", "did you mean 'bias'")),
    "both ways to check": Case("check runs/one anchors.json --freeze a.json", ("--freeze", "one of them")),
    "a freeze over a file": Case("check runs/one --freeze anchors.json --data rated.csv", ("anchors.json", "exists")),
    "too few repeats": Case("check runs/one --freeze a.json --data rated.csv --repeats 1", ("--repeats", "2 or more")),
    "more rows than there are": Case("check runs/one --freeze a.json --data rated.csv --rows 99", ("--rows 99", "60")),
    "a diagnosis of nothing": Case("diagnose nothing", ("nothing",)),
    "an --out that is read": Case("score runs/one --data rated.csv --out rated.csv", ("--out", "lost")),
    "an --out in no folder": Case("evaluate runs/one --data rated.csv --out none/o.json", ("--out", "folder")),
    "an --out of a run": Case("evaluate runs/one --data rated.csv --out runs/one/judge.json", ("--out", "lost")),
    "an abstention without a curve": Case(
        "score runs/one --data rated.csv --out o.csv --abstain 0.5", ("--abstain",)
    ),
}  # fmt: skip
