"""What stands in for GPUs, which no machine of these tests has.

==============  ============================================================
module          has
==============  ============================================================
``stand_in``    a library in place of NVIDIA's, and ``stand_in.c``, its source
``like_torch``  what answers like torch with GPUs
==============  ============================================================
"""
