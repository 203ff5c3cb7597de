"""From a decoded frame to an encoded picture, stage by stage; runs in the codec child.

decode (``pixels/stored_frame``), modality, VOI, presentation LUT (``grey``), colour (``colour``, ``icc``), planes,
geometry (``placement``), drawings, encoding (``encoders``); ``stages`` holds them together.
"""
