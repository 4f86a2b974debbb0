"""Launch options of engines as strategies: what each states, where a mistake is, and what is never done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dotlint.report.strategy import as_json, described
from dotlint.strategy import Strategy, StrategyError
from dotlint.strategy.fact_values import read_facts
from dotlint.strategy.launch.argument import LaunchArgument, in_folder, launch_argument
from dotlint.strategy.launch.config_json import facts_of
from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import table_of
from dotlint.strategy.launch.write import as_toml
from dotlint.strategy.model import MODEL_FACTS


def read(engine: str, text: str, *, world: int | None = None) -> Strategy:
    return Strategy.combine([LaunchArgument(engine, text)], world=world)


def meaning(strategy: Strategy) -> str:
    """Give all phases in one line, axes in the order of the notation."""
    return "; ".join(f"{spec.name}={spec.degrees}" if spec.name else str(spec.degrees) for spec in strategy.specs)


def unread(strategy: Strategy) -> str:
    return next((note.removeprefix("not read: ") for note in strategy.notes if note.startswith("not read")), "")


def saved(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


TABLE: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("vllm", "--tensor-parallel-size 8", "tp8", {}, ""),
    ("vllm", "vllm serve m -tp 8 -pp=2 --port 80 --host=::", "pp2tp8", {}, "--port, --host"),
    ("vllm", "--tensor_parallel_size=4 --data_parallel_size 2 --enable_expert_parallel", "ep8tp4dp2", {}, ""),
    ("vllm", "-tp 8 -ep --no-enable-expert-parallel", "tp8", {}, ""),
    ("vllm", "-tp 8 -dcp 2", "tp8dcp2", {}, ""),
    ("vllm", "-tp 4 -pcp 2 -ep", "ep8tp4cp2", {}, ""),
    ("vllm", "-tp 4 -tp 8", "tp8", {}, ""),
    ("vllm", "--pipeline-parallel 4 -tp 8", "tp8", {}, "--pipeline-parallel (did you mean --pipeline-parallel-size?)"),
    (
        "vllm",
        '-dp 320 -ep --enable-eplb --eplb-config \'{"num_redundant_experts": 64, "window_size": 9}\'',
        "ep320dp320",
        {"eplb": True, "redundant_experts": 64},
        "--eplb-config.window_size",
    ),
    (
        "vllm",
        "-tp 2 -ep --enable-eplb --eplb-config.num_redundant_experts 8 --max-num-batched-tokens 16k",
        "ep2tp2",
        {"eplb": True, "redundant_experts": 8, "max_batched_tokens": 16000},
        "",
    ),
    ("vllm", "VLLM_PP_LAYER_PARTITION=16,32 vllm serve m -pp 2", "pp2", {"stage_layers": [16, 32]}, ""),
    (
        "vllm",
        "-tp 2 --max-model-len 32K --max-num-seqs 64 --gpu-memory-utilization .85 --dtype auto --kv-cache-dtype fp8",
        "tp2",
        {"max_len": 32768, "max_seqs": 64, "utilization": 0.85, "kv_dtype": "fp8"},
        "",
    ),
    ("vllm", '-tp 8 --kv-transfer-config \'{"kv_role": "kv_producer"}\'', "prefill=tp8", {}, ""),
    ("vllm", '-tp 8 --kv-transfer-config \'{"kv_role": "kv_both"}\'', "tp8", {}, ""),
    (
        "vllm",
        "docker run --gpus all vllm/vllm-openai:v0.9 --model m --tensor-parallel-size 2",
        "tp2",
        {},
        "--gpus, --model",
    ),
    ("sglang", "--tp 8 --dp 8 --enable-dp-attention --ep 8", "ep8tp1dp8", {}, ""),
    ("sglang", "python -m sglang.launch_server --tp-size 16 --attn-dp-size 4 --attn-cp-size 2", "tp2cp2dp4", {}, ""),
    ("sglang", "--tp 8 --dp 2", "tp8dp2", {}, ""),
    ("sglang", "--tp 8 --dp 2 --ep 4", "ep4etp2tp8dp2", {}, ""),
    ("sglang", "--tp 8 --moe-a2a-backend deepep", "ep8tp8", {}, ""),
    ("sglang", "--tp 8 --ep 8 --ep-num-redundant-experts 32", "ep8tp8", {"redundant_experts": 32}, ""),
    ("sglang", "--tp 8 --disaggregation-mode decode --mem-fraction-static 0.8", "decode=tp8", {"utilization": 0.8}, ""),
    ("sglang", "--tp 8 --disaggregation-mode null --dcp-size 2", "tp8dcp2", {}, ""),
    (
        "megatron",
        "--tensor-model-parallel-size 8 --sequence-parallel --nproc_per_node 8 --nnodes 4",
        "tp8sp8dp4",
        {},
        "",
    ),
    ("megatron", "--sequence-parallel --world-size 8", "dp8", {}, ""),
    (
        "megatron",
        "--pipeline-model-parallel-size 4 --num-layers 32 --num-layers-per-virtual-pipeline-stage 4 --world-size 4",
        "pp4vpp2dp1",
        {"layers": 32},
        "",
    ),
    (
        "megatron",
        '--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout "Et*3|(tt|)*2,tmL" --world-size 2',
        "pp2vpp2dp1",
        {"stage_layers": [3, 2, 2, 1]},
        "",
    ),
    (
        "megatron",
        (
            "--pipeline-model-parallel-size 4 --num-layers 30 --account-for-embedding-in-pipeline-split"
            " --account-for-loss-in-pipeline-split --world-size 4"
        ),
        "pp4dp1",
        {"layers": 30, "stage_layers": [7, 8, 8, 7]},
        "",
    ),
    (
        "megatron",
        "--num-attention-heads 64 --num-query-groups 8 --group-query-attention --swiglu --bf16 --world-size 1",
        "dp1",
        {"heads": 64, "kv_heads": 8, "gated": True, "dtype": "bfloat16"},
        "",
    ),
    (
        "megatron",
        "--num-attention-heads 64 --num-query-groups 8 --world-size 1",
        "dp1",
        {"heads": 64, "kv_heads": 64},
        "",
    ),
    ("megatron", "--moe-layer-freq '([0]*3+[1]*58)' --world-size 1", "dp1", {"first_k_dense_replace": 3}, ""),
    ("megatron", "--moe-layer-freq 2 --world-size 1", "dp1", {"moe_layer_freq": 2}, ""),
    ("trtllm", "trtllm-serve m --tp_size 8 --pp_size 2 --ep_size 4", "pp2ep4tp8", {}, ""),
    (
        "torchtitan",
        "--parallelism.tensor_parallel_degree 8 --parallelism.data_parallel_shard_degree=4",
        "tp8sp8dp4",
        {},
        "",
    ),
    ("trtllm", "python3 -m dynamo.trtllm --tensor-parallel-size 4 --expert-parallel-size 2", "ep2tp4", {}, ""),
    (
        "trtllm",
        'python3 -m dynamo.trtllm --override-engine-args \'{"tensor_parallel_size": 8, "backend": "x"}\'',
        "tp8",
        {},
        "--backend",
    ),
    (
        "trtllm",
        "python3 -m dynamo.trtllm --trtllm.tensor_parallel_size 4 --trtllm.kv_cache_config.free_gpu_memory_fraction .7",
        "tp4",
        {"utilization": 0.7},
        "",
    ),
    (
        "torchtitan",
        "NGPU=8 ./run_train.sh --parallelism.tensor_parallel_degree 2 --parallelism.no-enable-sequence-parallel",
        "tp2dp4",
        {},
        "",
    ),
    (
        "megatron",
        "torchrun --nproc-per-node gpu --nnodes 1:4 pretrain_gpt.py --tensor-model-parallel-size 2",
        "tp2",
        {},
        "--nproc-per-node (its value gpu is unknown), --nnodes (its value 1:4 is unknown)",
    ),
    ("deepspeed", "deepspeed --num_nodes 2 --num_gpus 8 train.py --deepspeed", "dp16", {}, "--deepspeed"),
]


@pytest.mark.parametrize(("engine", "text", "spec", "facts", "left"), TABLE)
def test_options_state_degrees_and_facts(engine: str, text: str, spec: str, facts: dict[str, Any], left: str) -> None:
    strategy = read(engine, text)
    assert meaning(strategy) == spec
    own = strategy.specs[0].facts
    known = strategy.model.to_dict() | (own.to_dict() if own is not None else {})
    assert {name: list(v) if isinstance(v, tuple) else v for name, v in known.items()} == facts
    assert unread(strategy) == left
    assert strategy.layout.name == engine


@pytest.mark.parametrize(
    ("engine", "text", "world", "spec", "gpus"),
    [
        # plans that engines or papers have published
        ("megatron", "--tensor-model-parallel-size 8 --pipeline-model-parallel-size 16", 16384, "pp16tp8dp128", 16384),
        (
            "megatron",
            "--tensor-model-parallel-size 8 --context-parallel-size 16 --pipeline-model-parallel-size 16",
            16384,
            "pp16tp8cp16dp8",
            16384,
        ),
        (
            "megatron",
            "--tensor-model-parallel-size 4 --pipeline-model-parallel-size 4 --expert-model-parallel-size 8",
            256,
            "pp4ep8tp4dp16",
            256,
        ),
        ("vllm", "-tp 8 -pp 2 -ep", 32, "pp2ep16tp8dp2", 32),
        ("sglang", "--tp 8 --dp 8 --enable-dp-attention --ep 8", None, "ep8tp1dp8", 8),
        (
            "torchtitan",
            "--parallelism.tensor_parallel_degree 8 --parallelism.pipeline_parallel_degree 4",
            256,
            "pp4tp8sp8dp8",
            256,
        ),
    ],
)
def test_dp_follows_from_the_number_of_gpus(engine: str, text: str, world: int | None, spec: str, gpus: int) -> None:
    strategy = read(engine, text, world=world)
    assert meaning(strategy) == spec
    assert len(strategy.declared_gpus) == gpus
    assert not described(strategy).impossible


PLACED = [
    (
        "megatron",
        "--pipeline-model-parallel-size 4 --tensor-model-parallel-size 2",
        16,
        ["0-3", "4-7", "8-11", "12-15"],
    ),
    ("megatron", "--tensor-model-parallel-size 4 --context-parallel-size 2", 8, ["0-7"]),
    ("vllm", "-tp 4 -pp 2 -dp 2", None, ["0-3,8-11", "4-7,12-15"]),
    ("sglang", "--tp 32 --dp 8 --enable-dp-attention --ep 32", None, ["0-31"]),
    ("sglang", "--tp 16 --attn-dp-size 8 --ep 16", None, ["0-15"]),
    ("trtllm", "--tp_size 8 --pp_size 2 --moe_tensor_parallel_size 2 --ep_size 4", None, ["0-7", "8-15"]),
    ("deepspeed", "--tensor-parallel.autotp-size 2", 16, ["0-15"]),
]


@pytest.mark.parametrize(("engine", "text", "world", "stages"), PLACED)
def test_stages_are_on_the_gpus_that_the_engine_documents(
    engine: str, text: str, world: int | None, stages: list[str]
) -> None:
    strategy = read(engine, text, world=world)
    assert [str(gpus) for gpus in strategy.phases[0].stages] == stages
    assert not described(strategy).impossible


@pytest.mark.parametrize(
    ("engine", "text", "config", "possible"),
    [
        ("vllm", "-tp 3", {"num_attention_heads": 52}, False),
        ("vllm", "-tp 4", {"num_attention_heads": 52}, True),
        ("vllm", "-tp 8 -dcp 4", {"num_attention_heads": 64, "num_key_value_heads": 4}, False),
        ("vllm", "-tp 8 -dcp 2", {"num_attention_heads": 64, "num_key_value_heads": 4}, True),
        ("vllm", "-tp 8 -ep", {"num_experts": 60}, True),
        ("vllm", "-tp 8 -ep --enable-eplb", {"num_experts": 60}, False),
        ("vllm", "-tp 8", {"num_experts": 128, "moe_intermediate_size": 1536,
                           "quantization_config": {"weight_block_size": [128, 128]}}, False),
        ("vllm", "-tp 8 -ep", {"num_experts": 128, "moe_intermediate_size": 1536,
                               "quantization_config": {"weight_block_size": [128, 128]}}, True),
        ("vllm", "-tp 8 --eplb-config.num_redundant_experts 8 --enable-eplb", {"num_experts": 64}, False),
        ("megatron", "--num-layers 30 --pipeline-model-parallel-size 4 --world-size 4", {}, False),
        ("megatron", ("--num-layers 30 --pipeline-model-parallel-size 4 --world-size 4 "
                     "--decoder-first-pipeline-num-layers 6"), {}, True),
        ("megatron", ("--num-layers 80 --pipeline-model-parallel-size 16 --world-size 16 "
                     "--num-virtual-stages-per-pipeline-rank 2"), {}, False),
        ("megatron", ("--num-layers 32 --pipeline-model-parallel-size 4 --num-virtual-stages-per-pipeline-rank 2 "
                     "--micro-batch-size 1 --global-batch-size 12 --world-size 8"), {}, False),
        ("megatron", ("--num-layers 32 --pipeline-model-parallel-size 4 --num-virtual-stages-per-pipeline-rank 2 "
                     "--micro-batch-size 1 --global-batch-size 16 --world-size 8"), {}, True),
        ("megatron", "--seq-length 4098 --context-parallel-size 2 --world-size 2", {}, False),
        ("megatron", ("--tensor-model-parallel-size 2 --pipeline-model-parallel-size 16 --expert-model-parallel-size 64 "
                     "--world-size 1024"), {}, False),
        ("megatron", ("--tensor-model-parallel-size 2 --pipeline-model-parallel-size 16 --expert-model-parallel-size 64 "
                     "--expert-tensor-parallel-size 1 --world-size 1024"), {}, True),
        ("megatron", "--tensor-model-parallel-size 3 --world-size 16", {}, False),
        ("sglang", "--tp 8 --ep 8", {"n_routed_experts": 60}, False),
        ("sglang", "--tp 8 --ep 8 --ep-num-redundant-experts 4", {"n_routed_experts": 60}, True),
    ],
)  # fmt: skip
def test_the_engine_decides_on_its_own_options(engine: str, text: str, config: dict[str, Any], possible: bool) -> None:
    model = read_facts(facts_of(config), "config.json", "model")
    strategy = Strategy.combine([LaunchArgument(engine, text)], model=model)
    assert described(strategy).impossible is not possible


FILES = [
    (
        "trtllm",
        "llm.yaml",
        (
            "backend: pytorch\ntensor_parallel_size: 8\nmoe_expert_parallel_size: 8\nenable_attention_dp: true\n"
            "kv_cache_config:\n  dtype: fp8\n  free_gpu_memory_fraction: 0.9\n"
        ),
        "ep8tp8dp8",
        "backend",
    ),
    (
        "trtllm",
        "pools.yaml",
        "context_servers:\n  num_instances: 2\n  tensor_parallel_size: 4\ngeneration_servers:\n  tensor_parallel_size: 8\n",
        "prefill=tp4; decode=tp8",
        "",
    ),
    (
        "torchtitan",
        "train.toml",
        (
            "[training]\nseq_len = 8192\n[parallelism]\ntensor_parallel_degree = 4\ndata_parallel_shard_degree = 2\n"
            'pipeline_parallel_degree = 2\npipeline_parallel_schedule = "Interleaved1F1B"\n[metrics]\nlog_freq = 1\n'
        ),
        "pp2vpp2tp4sp4dp2",
        "metrics.log_freq",
    ),
    (
        "deepspeed",
        "ds.json",
        (
            '{"train_batch_size": 128, "train_micro_batch_size_per_gpu": 4, "gradient_accumulation_steps": 2,\n'
            ' "zero_optimization": {"stage": 2}, "tensor_parallel": {"autotp_size": 4}, "bf16": {"enabled": true}}'
        ),
        "tp4dp16",
        "",
    ),
    (
        "megatron",
        "gpt.yaml",
        (
            "language_model:\n  num_layers: 24\nmodel_parallel:\n  tensor_model_parallel_size: 2\n"
            "  sequence_parallel: true\nworld_size: 8\nseed: 1\n"
        ),
        "tp2sp2dp4",
        "seed",
    ),
    ("vllm", "config.yaml", "tensor-parallel-size: 8\nenable-expert-parallel: true\nport: 80\n", "ep8tp8", "port"),
    (
        "dynamo",
        "graph.yaml",
        """
kind: DynamoGraphDeployment
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1}
    PrefillWorker:
      componentType: worker
      subComponentType: prefill
      extraPodSpec:
        mainContainer:
          command: [python3, -m, dynamo.vllm]
          args: [--tensor-parallel-size, "4"]
    DecodeWorker:
      componentType: worker
      subComponentType: decode
      resources: {limits: {gpu: "8"}}
      extraPodSpec:
        mainContainer:
          command: [/bin/sh, -c]
          env: [{name: TP, value: "8"}]
          args:
            - |
              # the decode server
              python3 -m dynamo.vllm \\
                --tensor-parallel-size $TP --enable-expert-parallel
""",
        "prefill=tp4; decode=ep8tp8dp1",
        "",
    ),
    (
        "dynamo",
        "components.yaml",
        """
kind: DynamoGraphDeployment
spec:
  components:
    - name: worker
      type: prefill
      podTemplate: {spec: {containers: [{name: main, command: [python3, -m, dynamo.sglang], args: [--tp, "4"]}]}}
    - name: other
      type: decode
      podTemplate: {spec: {containers: [{name: main, command: [python3, -m, dynamo.sglang], args: [--tp=8]}]}}
""",
        "prefill=tp4; decode=tp8",
        "",
    ),
    (
        "vllm",
        "compose.yaml",
        "services: {a: {image: 'vllm/vllm-openai:v1', command: --model m -tp 4}}\n",
        "tp4",
        "--model",
    ),
    (
        "vllm",
        "job.yaml",
        "setup: pip install vllm\nrun: |\n  cd /srv\n  vllm serve m \\\n    --tensor-parallel-size 4\n",
        "tp4",
        "",
    ),
    (
        "kubernetes",
        "init.yaml",
        (
            "initContainers: [{image: python, command: [sh, -c, pip install vllm]}]\n"
            "containers: [{image: 'vllm/vllm-openai:v1', args: [-tp, '4']}]\n"
        ),
        "tp4",
        "",
    ),
    (
        "vllm",
        "serve.yaml",
        "applications: [{args: {llm_configs: [{engine_kwargs: {tensor_parallel_size: 4, pipeline_parallel_size: 2}}]}}]\n",
        "pp2tp4",
        "",
    ),
    (
        "kubernetes",
        "stack.yaml",
        "servingEngineSpec: {modelSpec: [{name: m, vllmConfig: {tensorParallelSize: 2, maxModelLen: 4096, v1: 1}}]}\n",
        "tp2",
        "vllmConfig.v1",
    ),
    (
        "kserve",
        "predictor.yaml",
        "predictor: {model: {modelFormat: {name: huggingface}, args: [--model_name=m, --tensor-parallel-size=4]}}\n",
        "tp4",
        "--model_name",
    ),
    ("vllm", "pod.yaml", "containers: [{image: 'vllm/vllm-openai:v1', args: [--model, m]}]\n", "tp1", "--model"),
    (
        "kubernetes",
        "workers.yaml",
        """
leaderWorkerTemplate:
  size: 2
  leader:
    containers:
      - image: vllm/vllm-openai:v1
        command: [sh, -c, "bash ray.sh leader; python3 -m vllm.entrypoints.openai.api_server -tp 8 -pp 2"]
        resources: {limits: {nvidia.com/gpu: "8"}}
  worker:
    containers: [{image: vllm/vllm-openai:v1, command: [sh, -c, "bash ray.sh worker --address=$(LWS_LEADER_ADDRESS)"]}]
""",
        "pp2tp8dp1",
        "",
    ),
    (
        "megatron",
        "job.sh",
        (
            "#!/bin/bash\n#SBATCH --nodes=16 --gres=gpu:h100:8\nsrun torchrun --nnodes $SLURM_NNODES --nproc_per_node=8 "
            "pretrain_gpt.py --tensor-model-parallel-size 8\n"
        ),
        "tp8dp16",
        "",
    ),
    (
        "megatron",
        "tasks.sh",
        (
            "#!/bin/bash\n#SBATCH -N 4\n#SBATCH --ntasks-per-node=8\n"
            "srun python pretrain_gpt.py --tensor-model-parallel-size 8\n"
        ),
        "tp8dp4",
        "",
    ),
    (
        "megatron",
        "open.sh",
        "torchrun --nnodes $NODES --nproc_per_node 8 pretrain_gpt.py --tensor-model-parallel-size 8\n",
        "tp8",
        "--nnodes (its value $NODES is unknown)",
    ),
    (
        "dynamo",
        "single.yaml",
        "services:\n  decode: {mainContainer: {command: [python3, -m, dynamo.sglang], args: [--tp, '4']}}\n",
        "tp4",
        "",
    ),
    (
        "llm-d",
        "values.yaml",
        """
decode:
  parallelism: {tensor: 2, data: 4}
  containers: [{name: vllm, image: "ghcr.io/llm-d/llm-d-cuda:v0.3", args: [--enable-expert-parallel]}]
prefill:
  parallelism: {tensor: 8}
""",
        "prefill=tp8; decode=ep8tp2dp4",
        "",
    ),
    (
        "kserve",
        "service.yaml",
        "kind: LLMInferenceService\nspec:\n  parallelism: {tensor: 8}\n  prefill:\n    parallelism: {tensor: 4, pipeline: 2}\n",
        "prefill=pp2tp4; decode=tp8",
        "",
    ),
]


@pytest.mark.parametrize(
    ("system", "name", "text", "spec", "left"), FILES, ids=[f"{each[0]}-{each[1]}" for each in FILES]
)
def test_files_state_degrees(tmp_path: Path, system: str, name: str, text: str, spec: str, left: str) -> None:
    strategy = read(system, saved(tmp_path, name, text))
    assert meaning(strategy) == spec
    assert unread(strategy) == left


SCRIPT = """#!/bin/bash
# prefill and decode
TP=8
COMMON=(
  --trust-remote-code   # of the model
  --tensor-parallel-size $TP
)
COMMON+=(--max-model-len 32k)
if [ "$1" = eplb ]; then COMMON+=(--enable-eplb); fi
vllm serve model "${COMMON[@]}" \\
  --kv-transfer-config '{"kv_role": "kv_producer"}' -pp 2 &
vllm serve model "${COMMON[@]}" --pipeline_parallel_size=2 --data-parallel-size $((2 * TP / 4)) -ep \\
  --kv-transfer-config '{"kv_role": "kv_consumer"}'
cat <<EOF
vllm serve --tensor-parallel-size 3
EOF
"""


def test_script_with_variables_and_two_servers(tmp_path: Path) -> None:
    strategy = read("vllm", saved(tmp_path, "serve.sh", SCRIPT))
    assert meaning(strategy) == "prefill=pp2tp8; decode=pp2ep32tp8dp4"
    assert strategy.pool == "disaggregated"
    assert unread(strategy) == "--trust-remote-code, --enable-eplb (in a branch of the script)"
    assert [phase.facts.max_len for phase in strategy.phases] == [32000, 32000]


def test_a_variable_before_a_command_is_set_for_it_alone(tmp_path: Path) -> None:
    script = (
        "PP=2\nVLLM_PP_LAYER_PARTITION=16,32 PP=4 vllm serve m -pp $PP --is-prefill-worker &\n"
        "vllm serve m -pp $PP --is-decode-worker\nexport VLLM_PP_LAYER_PARTITION=1,2\n"
    )
    prefill, decode = read("vllm", saved(tmp_path, "run.sh", script)).phases
    assert (prefill.facts.stage_layers, decode.facts.stage_layers) == ((16, 32), None)
    assert decode.degrees.pp == 2


@pytest.mark.parametrize(
    ("script", "spec"),
    [
        ("A='--tensor-parallel-size 4'\nvllm serve m $A", "tp4"),
        ('A="--tensor-parallel-size"\nvllm serve m ${A} ${B:-2}', "tp2"),
        ("vllm serve m \\\r\n  -tp 4\r\n", "tp4"),
        ('bash -c "vllm serve m -tp 4"', "tp4"),
        ("srun -N 2 bash -lc 'cd /x && vllm serve m -tp 4 | tee log'", "tp4"),
        ("vllm serve m -tp 4 # -tp 8", "tp4"),
        ("N=2; M=$(( (N+2) * 4 ))\nvllm serve m -tp $M", "tp16"),
        ("run() {\n  vllm serve m -tp 2\n}\nrun", "tp2"),
        ("for i in 0 1; do vllm serve m -tp 2 --port 800$i & done; wait", "tp2"),
        ("ARGS=-tp\nARGS+=' 8'\nvllm serve m $ARGS", "tp8"),
        ("vllm serve m -tp 4\nvllm serve m -tp 4 --node-rank 1", "tp4"),
        ("pip install vllm\nvllm serve m -tp 4", "tp4"),
        ('CMD="vllm serve $MODEL -tp 4"\nsrun -l bash -c "${CMD}"', "tp4"),
        ("A='-tp 2'; if x; then A='-tp 4'; vllm serve m $A; exit; fi", "tp4"),
        ("if x; then T=4; else exit 1; fi\nvllm serve m -tp $T", "tp4"),
        ("case $1 in\n  a) T=4 ;;\n  *) T=4 ;;\nesac\nvllm serve m -tp $T", "tp4"),
        ("for i in 1 2; do A='-tp 4'; vllm serve m $A; done", "tp4"),
        ("if x; then A=(--a); else A=(--b); fi\nvllm serve m -tp 4 ${A[@]}", "tp4"),
        ("vllm serve m -tp ${1:-4} --max-model-len $LEN", "tp4"),
        ('vllm serve m -tp 4 --kv-transfer-config "{\\"kv_ip\\": \\"$IP\\"}"', "tp4"),
        ("vllm serve m -tp 4 &\nvllm bench serve --model m\nvllm chat --url x", "tp4"),
        ("vllm serve m -tp 4 &\npython vllm.entrypoints.x --dtype half", "tp4"),
        ("echo vllm serve m -tp 8\nvllm serve m -tp 4", "tp4"),
        ("tmux new -d 'vllm serve m -tp 4'", "tp4"),
        ("sbatch -N 2 --wrap='vllm serve m -tp 8 -pp 2'", "pp2tp8"),
        ("ssh host bash <<EOF\nvllm serve m -tp 4\nEOF", "tp4"),
        ("echo 'vllm serve m -tp 3'\nvllm serve m -tp 4", "tp4"),
        (': "${TP:=4}"\nvllm serve m -tp $TP', "tp4"),
        ("GPUS=(0 1 2 3)\nvllm serve m -tp ${#GPUS[@]}", "tp4"),
        ("for tp in 4; do vllm serve m -tp $tp; done", "tp4"),
        ("TP=8\nunset TP\nvllm serve m -tp ${TP:-2}", "tp2"),
        ("vllm serve m $'-tp' 4 > log 2>&1", "tp4"),
        ('A=${A:-"-tp 4 -ep"}\nvllm serve m $A', "ep4tp4"),
        ('A="-tp 4"\nif x; then A="$A -pp 2"; fi\nvllm serve m $A', "tp4"),
        ('A="-tp 4"\n[ -n "$X" ] && A="$A -pp 2"\nvllm serve m $A', "tp4"),
        ("if x; then A='-pp 2'; fi\nvllm serve m -tp 4 $A", "tp4"),
        ("cd x && TP=4 && vllm serve m -tp $TP", "tp4"),
        ('[Service]\nEnvironment=A=1 "TP=4"\nExecStart=/opt/bin/vllm serve m -tp ${TP}', "tp4"),
        ("cat > c.yaml <<EOF\ntensor-parallel-size: 4\nEOF\nvllm serve m --config c.yaml", "tp4"),
        ("T=4\ntee c.yaml > /dev/null <<EOF\ntensor-parallel-size: $T\nEOF\nvllm serve m --config=c.yaml", "tp4"),
    ],
)
def test_scripts_are_split_into_words_as_a_shell_does(tmp_path: Path, script: str, spec: str) -> None:
    assert meaning(read("vllm", saved(tmp_path, "run.sh", script))) == spec


MISTAKES = [
    ("vllm", "-tp x", "-tp must be an integer, not 'x' at column 1", 0),
    ("vllm", "vllm serve m --tensor-parallel-size", "--tensor-parallel-size has no value at column 14", 13),
    ("vllm", "-tp 0", "-tp must be between 1 and", 0),
    ("vllm", "-pp 2 -tp 99999999", "-tp must be between 1 and", 6),
    ("vllm", "-tp 2 --eplb-config {x}", "--eplb-config must be a JSON object", 6),
    ("sglang", "--tp 8 --disaggregation-mode prefil", "--disaggregation-mode is 'prefil'", 7),
    ("vllm", "-tp auto", "-tp must be an integer, not 'auto'", 0),
    ("vllm", "-ep --eplb-config.num_redundant_experts 8", "--eplb-config.num_redundant_experts 8 needs EPLB", 4),
    ("sglang", "--tp 8 --dp 2 --attn-dp-size 4", "--attn-dp-size 4 with --dp 2 is not supported", 14),
    ("torchtitan", "--parallelism.data_parallel_shard_degree 0", "is neither a degree nor -1", 0),
    ("vllm", "-tp $TP", "-tp is '$TP', which the file does not set", 0),
    ("vllm", "-tp $(nvidia-smi | wc -l)", "-tp is '$(nvidia-smi | wc -l)', which the file does not set", 0),
    ("vllm", "-tp `nproc`", "-tp is '`nproc`', which", 0),
    ("vllm", "-tp '8", "this ' is not closed", 4),
    ("vllm", "-tp 2 --gpu-memory-utilization much", "must be a number, not 'much'", 6),
    ("sglang", "--tp 8 --dp 3 --enable-dp-attention", "--dp 3 does not divide the 8 ranks of --tp-size", 7),
    ("sglang", "--tp 8 --ep 3", "--ep 3 does not divide the 8 ranks", 7),
    (
        "megatron",
        "--num-virtual-stages-per-pipeline-rank 2 --num-layers-per-virtual-pipeline-stage 4 --num-layers 32",
        "--num-layers-per-virtual-pipeline-stage cannot be combined with --num-virtual-stages-per-pipeline-rank",
        41,
    ),
    (
        "megatron",
        "--num-layers 24 --pipeline-model-parallel-size 4 --num-layers-per-virtual-pipeline-stage 4",
        "--num-layers-per-virtual-pipeline-stage 4 does not divide the 6 layers of a stage",
        49,
    ),
    ("megatron", "--num-layers-per-virtual-pipeline-stage 4", "needs the number of layers", 0),
    ("megatron", '--pipeline-model-parallel-layout "Et*3|x"', "unexpected 'x' in the pipeline layout", 0),
    ("torchtitan", "--parallelism.data_parallel_shard_degree -2", "is neither a degree nor -1", 0),
    ("vllm", "vllm serve m --port 80", None, None),
]


@pytest.mark.parametrize(("engine", "text", "message", "position"), MISTAKES)
def test_a_mistake_points_at_the_option(engine: str, text: str, message: str | None, position: int | None) -> None:
    if message is None:
        assert meaning(read(engine, text)) == "tp1"
        return
    with pytest.raises(StrategyError) as caught:
        read(engine, text)
    assert message in str(caught.value)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("system", "name", "text", "message"),
    [
        ("vllm", "a.sh", "TP=two\nvllm serve m \\\n  -tp $TP", "a.sh:3:3: -tp must be an integer, not 'two'"),
        ("vllm", "a.sh", 'A="-pp 2\n-tp x"\nvllm serve m $A', "a.sh:2:1: -tp must be an integer"),
        (
            "trtllm",
            "a.yaml",
            "backend: x\ntensor_parallel_size: many",
            "a.yaml:2:23: --tensor_parallel_size must be an int",
        ),
        ("trtllm", "a.yaml", "a: [1\nb: 2", "a.yaml:2:"),
        ("torchtitan", "a.toml", "[parallelism]\ntensor_parallel_degree = 1.5", "a.toml:2:1: --parallelism.tensor"),
        ("torchtitan", "a.toml", "[parallelism\n", "this is not TOML"),
        (
            "deepspeed",
            "a.json",
            '{"zero_optimization": {"stage": "two"}}',
            "a.json:1:24: --zero_optimization.stage must",
        ),
        ("deepspeed", "a.json", '{"train_batch_size": }', "a.json:1:22: this is not JSON"),
        (
            "dynamo",
            "a.yaml",
            "args: [dynamo.vllm, --tensor-parallel-size=x]",
            "a.yaml:1:21: --tensor-parallel-size must",
        ),
        ("vllm", "a.py", "from vllm import LLM", "a.py is a Python program"),
        ("dynamo", "a.sh", "vllm serve", "dynamo reads manifests"),
        ("vllm", "a.sh", "echo hello", "no launch options of vLLM are found"),
        ("vllm", "a.sh", "vllm serve m --tensor-paralel-size 2", None),
        ("vllm", "a.sh", "vllm serve m -tp 2\nvllm serve m -tp 4", "a.sh:2:1: a second launch without a phase differs"),
        ("vllm", "a.sh", "if x; then T=1; else T=2; fi\nvllm serve m -tp $T", "which the file does not set"),
        (
            "vllm",
            "a.sh",
            "T=1\n[ x ] || T=2\nvllm serve m -tp $T",
            "a.sh:3:14: -tp is '$T', which the file does not set",
        ),
        (
            "vllm",
            "a.sh",
            "if x; then A='-tp 1'; else A='-tp 2'; fi\nvllm serve m $A",
            "a.sh:2:14: $A has other options",
        ),
        (
            "vllm",
            "a.sh",
            "vllm serve m -tp 2 \\\n  # -pp 2 \\\n  --port 80\n",
            "a.sh:3:3: '--port' is not part of the command",
        ),
        ("vllm", "a.sh", "N=$((4 > 2 ? 1 : 2))\nvllm serve m -tp $N", "-tp is '$((4 > 2 ? 1 : 2))'"),
        ("vllm", "a.sh", "T=2\ncase $1 in a) T=4;; esac\nvllm serve m -tp $T", "a.sh:3:14: -tp is '$T', which"),
        (
            "vllm",
            "a.sh",
            "cat > c.yaml <<EOF\ntensor-parallel-size: two\nEOF\nvllm serve m --config c.yaml",
            "a.sh:2:23: --tensor-parallel-size must",
        ),
    ],
)
def test_a_mistake_in_a_file_has_its_line_and_column(
    tmp_path: Path, system: str, name: str, text: str, message: str | None
) -> None:
    if message is None:
        assert unread(read(system, saved(tmp_path, name, text))) == (
            "--tensor-paralel-size (did you mean --tensor-parallel-size?)"
        )
        return
    with pytest.raises(StrategyError) as caught:
        read(system, saved(tmp_path, name, text))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bomb.yaml", "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
        )),
        ("self.yaml", "a: &a\n  b: *a\n"),
        ("deep.yaml", "[" * 20_000),
        ("deep.json", "[" * 200_000),
        ("large.sh", "#" * (1 << 20) + "\nvllm serve -tp 8\n"),
        ("long.sh", "vllm serve " + "=" * 500_000),
        ("doubling.sh", "A=xxxxxxxx\n" + 'A="$A$A"\n' * 60 + "vllm serve $A -tp 8"),
        ("nested.sh", "vllm serve " + "${A:-" * 5_000 + "}" * 5_000),
        ("tag.yaml", "a: !!python/object/apply:os.system ['true']\nb: {"),
        ("bytes.sh", "vllm serve -tp 8\0"),
    ],
)  # fmt: skip
def test_hostile_files_end_in_an_error_or_nothing(tmp_path: Path, name: str, text: str) -> None:
    system = "dynamo" if name.endswith(".yaml") else "deepspeed" if name.endswith(".json") else "vllm"
    try:
        read(system, saved(tmp_path, name, text))
    except StrategyError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may also be read


def test_nothing_is_run_and_no_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TP", "8")
    mark = tmp_path / "made"
    script = f"X=$(touch {mark})\ntouch {mark}\nvllm serve m -tp ${{TP:-2}} $X `touch {mark}`"
    assert meaning(read("vllm", saved(tmp_path, "run.sh", script))) == "tp2"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vllm:launch.sh", LaunchArgument("vllm", "launch.sh")),
        ("decode=vllm:decode.sh", LaunchArgument("vllm", "decode.sh", "decode")),
        ("SGLang: --tp 8", LaunchArgument("sglang", "--tp 8")),
        ("tp:8", None),
        ("prefill=tp8; decode=tp4", None),
        ("deployment.toml", None),
    ],
)
def test_an_argument_names_an_engine_and_a_file(text: str, expected: LaunchArgument | None) -> None:
    assert launch_argument(text) == expected


def test_paths_in_a_configuration_are_relative_to_it() -> None:
    assert in_folder("decode=vllm:d.sh", Path("/x")) == "decode=vllm:/x/d.sh"
    assert in_folder("torchtitan:train.toml", Path("/x")) == "torchtitan:/x/train.toml"
    assert in_folder("d.toml", Path("/x")) == "/x/d.toml"
    assert in_folder("vllm:-tp 8", Path("/x")) == "vllm:-tp 8"
    assert in_folder("tp8pp2", Path("/x")) == "tp8pp2"


@pytest.mark.parametrize(("engine", "text", "spec", "facts", "left"), TABLE)
def test_the_written_file_means_the_same(
    tmp_path: Path, engine: str, text: str, spec: str, facts: dict[str, Any], left: str
) -> None:
    del spec, facts, left
    strategy = read(engine, text)
    again = Strategy.load(saved(tmp_path, "deployment.toml", as_toml(strategy)))
    one, two = (json.loads(as_json(described(each))) for each in (strategy, again))
    for each in (one, two):
        del each["source"], each["notes"]
        for phase in each["phases"]:
            del phase["origins"]
    assert one == two


def test_each_degree_names_its_option(tmp_path: Path) -> None:
    path = saved(tmp_path, "serve.sh", "T=4\nvllm serve m -tp $T \\\n  --data-parallel-size 2 -ep\n")
    origins = dict(read("vllm", path).phases[0].origins)
    assert origins == {
        "tp": f"{path}:2:14: -tp",
        "dp": f"{path}:3:3: --data-parallel-size",
        "ep": f"{path}:3:26: -ep",
    }
    assert dict(read("sglang", "--tp 8 --attn-dp-size 8").phases[0].origins) == {"tp": "--tp", "dp": "--attn-dp-size"}


def test_a_configuration_file_that_an_option_names(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "extra.yaml").write_text("tensor_parallel_size: 4\npipeline_parallel_size: 2\nbackend: x\n")
    for name in ("trtllm", "vllm"):
        option = "--extra_llm_api_options" if name == "trtllm" else "--config"
        program = "trtllm-serve m --tp_size 8" if name == "trtllm" else "vllm serve m -tp 8"
        strategy = read(name, saved(tmp_path, "run.sh", f"{program} {option} engine/extra.yaml"))
        assert meaning(strategy) == ("pp2tp4" if name == "trtllm" else "pp2tp8")  # TensorRT-LLM lets the file win
        assert unread(strategy) == "backend"


@pytest.mark.parametrize("name", ["none.yaml", "/etc/passwd", "../extra.yaml", "run.sh"])
def test_other_files_that_an_option_names_are_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "extra.yaml").write_text("tensor_parallel_size: 4\n")
    strategy = read("vllm", saved(tmp_path / "below", "run.sh", f"vllm serve m -tp 2 --config {name}"))
    assert meaning(strategy) == "tp2"
    assert strategy.notes == (f"--config {name} is not a configuration file here: what it states is not read",)


def test_two_arguments_are_two_phases() -> None:
    strategy = Strategy.combine(["prefill=vllm:-tp 8 --max-model-len 8k", "decode=vllm:-tp 4 -dp 2 -ep"])
    assert meaning(strategy) == "prefill=tp8; decode=ep8tp4dp2"
    assert strategy.pool == "disaggregated"
    assert [str(phase.gpus) for phase in strategy.phases] == ["0-7", "8-15"]


CONFIGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8, "hidden_size": 8192,
         "intermediate_size": 28672, "vocab_size": 128256, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        {"layers": 80, "heads": 64, "kv_heads": 8, "hidden": 8192, "ffn": 28672, "vocab": 128256, "tied": False,
         "dtype": "bfloat16"},
    ),
    (
        {"num_hidden_layers": 61, "num_attention_heads": 128, "hidden_size": 7168, "kv_lora_rank": 512,
         "n_routed_experts": 256, "num_experts_per_tok": 8, "first_k_dense_replace": 3, "moe_layer_freq": 1,
         "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}, "q_lora_rank": None},
        {"layers": 61, "heads": 128, "kv_heads": 128, "hidden": 7168, "experts": 256, "top_k": 8,
         "first_k_dense_replace": 3, "moe_layer_freq": 1, "kv_lora_rank": 512, "attention": "mla",
         "quant_block": [128, 128], "quantization": "fp8"},
    ),
    (
        {"model_type": "vlm", "vision_config": {"num_hidden_layers": 2, "hidden_size": 4},
         "text_config": {"num_hidden_layers": 48, "hidden_size": 2048, "num_local_experts": 16,
                         "sliding_window": 4096, "use_sliding_window": False}},
        {"layers": 48, "hidden": 2048, "experts": 16},
    ),
    ({"n_layer": 48, "n_head": 25, "n_embd": 1600}, {"layers": 48, "heads": 25, "kv_heads": 25, "hidden": 1600}),
]  # fmt: skip


@pytest.mark.parametrize(("config", "facts"), CONFIGS)
def test_config_json_states_facts(config: dict[str, Any], facts: dict[str, Any]) -> None:
    assert facts_of(config) == facts


@pytest.mark.parametrize("engine", ENGINES)
def test_every_option_of_the_table_has_one_meaning(engine: str) -> None:
    table = table_of(engine)
    names = [name for option in table.options for name in option.names.split()]
    assert len(names) == len(set(names))
    assert all(option.to or option.kind in ("json", "options", "file") for option in table.options)
    assert all("_" not in name for name in names if name.startswith("-"))
    assert table.releases
    assert set(table.unverified) <= set(names)
    assert set(MODEL_FACTS) & {option.to for option in table.options}
