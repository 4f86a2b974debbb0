"""The words of roles and of axes, as authors write them."""

from __future__ import annotations

ROLES: dict[str, tuple[str, ...]] = {
    "input": ("input", "inp", "tokens", "input_ids", "model_input", "source"),
    "output": ("output", "out", "logits", "model_output", "result"),
    "embed": ("embed", "embedding", "tok_embed", "wte", "embed_tokens"),
    "head": ("lm_head", "head_proj", "unembed", "logits_proj", "output_head"),
    "norm": ("norm", "ln", "rms", "rmsnorm", "layernorm", "input_layernorm", "ln1", "norm1", "attn_norm", "pre_ln"),
    "norm2": ("norm2", "ln2", "post_ln", "ffn_norm", "post_attention_layernorm", "mlp_norm", "rms2"),
    "qkv": ("qkv", "wqkv", "qkv_proj", "c_attn", "attn_qkv", "qkv_linear", "query_key_value"),
    "attention": ("attn", "mha", "gqa", "self_attn", "self_attention", "flash_attn", "attention", "sdpa", "attn_core"),
    "o_proj": ("o_proj", "out_proj", "wo", "attn_out", "attn_o", "dense", "proj"),
    "attn_reduce": ("attn_allreduce", "attn_ar", "ar1", "all_reduce_attn", "tp_ar_attn", "nccl_allreduce_attn", "attn_sync"),
    "all_gather": ("ag", "allgather", "all_gather", "attn_ag", "attn_gather", "tp_gather", "nccl_allgather"),
    "all_reduce": ("ar", "allreduce", "all_reduce", "mlp_ar", "ffn_allreduce", "tp_reduce", "nccl_allreduce", "ar2"),
    "reduce_scatter": ("rs", "reduce_scatter", "reducescatter"),
    "add": ("add", "res", "residual", "add1", "resid_add", "attn_residual", "res1"),
    "add2": ("add2", "res2", "mlp_residual", "ffn_residual", "resid_add2", "mlp_add"),
    "mlp_up": ("fc1", "up", "gate_up", "linear1", "w1", "mlp_up", "up_proj", "ffn1", "c_fc", "ffn_up", "dense_h_to_4h"),
    "act": ("act", "gelu", "silu", "swiglu", "activation", "act_fn"),
    "mlp_down": ("fc2", "down", "linear2", "w2", "mlp_down", "down_proj", "ffn2", "mlp_c_proj", "ffn_down"),
    "gate": ("gate", "router", "moe_gate", "gating", "router_logits", "moe_router"),
    "route": ("topk", "top_k", "route", "select", "topk_select", "expert_select", "routing"),
    "dispatch": ("dispatch", "a2a_dispatch", "alltoall1", "moe_dispatch", "a2a_in", "token_dispatch", "all_to_all_dispatch"),
    "combine": ("combine", "a2a_combine", "alltoall2", "moe_combine", "a2a_out", "token_combine", "all_to_all_combine"),
    "expert": ("expert", "exp", "moe_expert", "ffn_expert", "expert_mlp"),
    "shared": ("shared_expert", "shared", "shared_mlp", "shexp"),
    "merge": ("moe_sum", "moe_out", "expert_sum", "moe_add"),
    "mb_split": ("mb_split", "batch_split", "split_batch"),
    "mb_join": ("mb_join", "batch_concat", "concat_batch"),
    "sp_split": ("sp_split", "seq_split", "split_seq", "sp_scatter"),
    "sp_gather": ("sp_gather", "seq_gather", "gather_seq", "sp_allgather"),
    "send": ("send", "pp_send", "p2p_send", "send_act", "isend"),
    "recv": ("recv", "pp_recv", "p2p_recv", "recv_act", "irecv"),
    "transfer": ("transfer", "xfer", "p2p", "pp_comm", "link", "send_recv"),
    "kv": ("kv_transfer", "kv_xfer", "kv_send", "kv_cache_transfer"),
}  # fmt: skip
"""Words for ids. Words of two roles never agree, so that a scheme may choose each by itself."""

TITLES: dict[str, tuple[str, ...]] = {
    "input": ("Input", "Model Input", "Input Tokens", "Token IDs"),
    "output": ("Output", "Model Output", "Logits", "Output Logits"),
    "embed": ("Embedding", "Token Embedding", "Embedding Lookup"),
    "head": ("LM Head", "lm_head", "Output Projection to Vocab", "Vocab Projection"),
    "norm": ("LayerNorm", "RMSNorm", "Layer Norm 1", "Input Norm", "Pre-Attention RMSNorm", "LN"),
    "norm2": ("Post-Attention LayerNorm", "RMSNorm 2", "Layer Norm 2", "FFN Norm", "Pre-MLP LayerNorm"),
    "qkv": ("QKV Projection", "QKV Proj", "Wqkv", "QKV Linear", "Q/K/V Projection", "Fused QKV"),
    "attention": ("Attention", "MHA", "GQA", "Self-Attention", "FlashAttention", "Multi-Head Attention", "Attention Compute", "SDPA"),
    "o_proj": ("Output Projection", "O Proj", "Attention Output Projection", "Wo", "Out Proj"),
    "attn_reduce": ("All-Reduce", "AllReduce (attention)", "TP AllReduce", "ncclAllReduce", "Attention AR"),
    "all_gather": ("All-Gather", "AllGather", "TP All-Gather", "ncclAllGather", "all_gather_into_tensor", "AG"),
    "all_reduce": ("All-Reduce", "AllReduce", "TP AllReduce (MLP)", "ncclAllReduce", "AR", "FFN All-Reduce"),
    "reduce_scatter": ("Reduce-Scatter", "ReduceScatter"),
    "add": ("Residual Add", "Add", "Residual 1", "Attention Residual", "Residual"),
    "add2": ("MLP Residual Add", "Residual Add 2", "Residual 2", "FFN Residual"),
    "mlp_up": ("FC1", "Up Projection", "MLP Up", "Gate+Up Projection", "Linear 1", "FFN Up", "W1", "MLP Column Parallel"),
    "act": ("GELU", "SiLU", "SwiGLU", "Activation", "GeGLU"),
    "mlp_down": ("FC2", "Down Projection", "MLP Down", "Linear 2", "FFN Down", "W2", "MLP Row Parallel"),
    "gate": ("Gate", "Router", "MoE Gate", "Gating Network", "Router Logits", "Expert Gate"),
    "route": ("TopK", "Top-2 Routing", "Expert Routing", "Expert Selection", "Top-2 Expert Select", "Token Routing"),
    "dispatch": ("All-to-All Dispatch", "AlltoAll (dispatch)", "A2A Dispatch", "Dispatch", "Token Dispatch", "all_to_all dispatch", "alltoallv: tokens to experts"),
    "combine": ("All-to-All Combine", "AlltoAll (combine)", "A2A Combine", "Combine", "Token Combine", "all_to_all combine", "alltoallv: back to tokens"),
    "expert": ("Expert {}", "Expert {} MLP", "Expert #{}", "Expert {} FFN", "E{}"),
    "shared": ("Shared Expert", "Shared Expert MLP", "Shared Expert (all tokens)"),
    "merge": ("Add Shared + Routed", "MoE Output Sum", "Expert Output Sum"),
    "mb_split": ("Micro-batch Split", "Split Batch"),
    "mb_join": ("Micro-batch Concat", "Concat Batch"),
    "sp_split": ("SP Split", "Sequence Split", "Split Sequence", "SP Scatter"),
    "sp_gather": ("SP Gather", "Sequence Gather", "Gather Sequence", "SP All-Gather"),
    "send": ("Pipeline Send", "PP Send", "Send Activations", "P2P Send", "isend"),
    "recv": ("Pipeline Recv", "PP Recv", "Receive Activations", "P2P Recv", "irecv"),
    "transfer": ("Pipeline Transfer", "P2P Transfer", "Send/Recv", "Activation Transfer", "PP Communication"),
    "kv": ("KV Cache Transfer", "KV Transfer", "KV Cache Send"),
}  # fmt: skip

CHINESE: dict[str, tuple[str, ...]] = {
    "input": ("输入", "模型输入"), "output": ("输出", "模型输出"), "embed": ("词嵌入", "嵌入层"), "head": ("输出头", "词表投影"),
    "norm": ("层归一化", "归一化"), "norm2": ("注意力后归一化", "第二层归一化"), "qkv": ("QKV投影", "QKV 投影"),
    "attention": ("注意力", "注意力计算", "多头注意力"), "o_proj": ("输出投影", "注意力输出投影"),
    "attn_reduce": ("注意力全归约", "全归约"), "all_gather": ("全收集", "All-Gather 全收集"), "all_reduce": ("全归约", "MLP 全归约"),
    "reduce_scatter": ("归约散播",), "add": ("残差相加", "残差连接"), "add2": ("MLP残差相加", "第二残差相加"),
    "mlp_up": ("MLP上投影", "上投影"), "act": ("激活函数", "SiLU 激活"), "mlp_down": ("MLP下投影", "下投影"),
    "gate": ("门控", "门控网络"), "route": ("专家路由", "Top-2 路由"), "dispatch": ("All-to-All 分发", "令牌分发"),
    "combine": ("All-to-All 合并", "令牌合并"), "expert": ("专家 {}", "专家{}"), "shared": ("共享专家",),
    "merge": ("共享与路由专家相加",), "mb_split": ("微批切分",), "mb_join": ("微批合并",),
    "sp_split": ("序列切分",), "sp_gather": ("序列收集",), "send": ("流水线发送", "发送"), "recv": ("流水线接收", "接收"),
    "transfer": ("流水线传输", "激活传输"), "kv": ("KV缓存传输", "KV 缓存传输"),
}  # fmt: skip

AXES: dict[str, tuple[str, ...]] = {
    "phase": ("decode", "dec", "d"),
    "replica": ("dp", "rep", "replica", "dprank"),
    "micro": ("mb", "micro", "ubatch", "m", "microbatch"),
    "stage": ("stage", "st", "pp", "s", "p", "pipe", "stg", ""),
    "layer": ("layer", "l", "lyr", "blk", "block", "h", "L", ""),
    "tensor": ("tp", "t", "r", "rank", "shard", "gpu", "dev", "tprank", ""),
    "expert": ("e", "ep", "ex", "g", "eprank", ""),
}
"""Words of axes for ids; "" is a bare number."""

LABELS: dict[str, tuple[str, ...]] = {
    "phase": ("Decode", "decode", "Decode phase"),
    "replica": ("DP {}", "DP rank {}", "Replica {}", "DP{}"),
    "micro": ("MB {}", "Micro-batch {}", "mb={}", "µbatch {}"),
    "stage": ("Stage {}", "PP Stage {}", "S{}", "PP{}", "PP rank {}", "stage={}", "Pipeline stage {}"),
    "layer": ("Layer {}", "L{}", "Block {}", "layer={}", "Transformer Layer {}"),
    "tensor": ("TP{}", "TP rank {}", "Shard {}", "tp={}", "TP {}", "Rank {}"),
    "expert": ("EP{}", "EP rank {}", "ep={}", "EP {}"),
}
"""How labels tell an axis."""

CHINESE_LABELS: dict[str, tuple[str, ...]] = {
    "phase": ("解码",), "replica": ("副本 {}", "数据并行 {}"), "micro": ("微批 {}",),
    "stage": ("阶段 {}", "流水线阶段 {}"), "layer": ("第{}层", "层 {}"), "tensor": ("TP{}", "分片 {}"),
    "expert": ("EP{}", "EP 组 {}"),
}  # fmt: skip
