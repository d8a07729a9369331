"""Songs behind Django REST Framework: python drf.py DATABASE PORT RECORDS."""

import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import path

database, port, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings.configure(
    SECRET_KEY="only-for-tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from django.db import connection, models
from rest_framework import generics, pagination, permissions, serializers, throttling


class Song(models.Model):
    name = models.CharField(max_length=100)
    artist = models.CharField(max_length=100)

    class Meta:
        app_label = "songs"


class Shown(serializers.ModelSerializer):
    artist = serializers.SerializerMethodField()

    class Meta:
        model = Song
        fields = ["id", "name", "artist"]

    def get_artist(self, song):
        return {"name": song.artist}


class HasToken(permissions.BasePermission):
    def has_permission(self, request, view):
        return request.headers.get("Authorization", "").count(".") == 2


class TenASecond(throttling.SimpleRateThrottle):
    rate = "10/s"

    def get_cache_key(self, request, view):
        return "everybody"


def songs(base, page, **members):
    paginator = type(base.__name__, (base,), page)
    members |= {
        "queryset": Song.objects.order_by("id"),
        "serializer_class": Shown,
        "pagination_class": paginator,
    }
    return type("Songs", (generics.ListAPIView,), members).as_view()


numbered = (pagination.PageNumberPagination, {"page_size": 100, "page_size_query_param": "limit", "max_page_size": 200})
urlpatterns = [
    path("numbered/", songs(*numbered)),
    path("throttled/", songs(*numbered, throttle_classes=[TenASecond])),
    path("guarded/", songs(*numbered, permission_classes=[HasToken])),
    path("offset/", songs(pagination.LimitOffsetPagination, {"default_limit": 100})),
    path("cursor/", songs(pagination.CursorPagination, {"page_size": 100, "ordering": "id"})),
]

with connection.schema_editor() as editor:
    editor.create_model(Song)
Song.objects.bulk_create(
    Song(name=f"Song {number}", artist=f"Artist {number % 7}") for number in range(1, records + 1)
)
call_command("runserver", f"127.0.0.1:{port}", "--noreload")
